// The page's side of a live view.
//
// The library takes the deltas of all views from one channel. A feed holds what is known
// of one view, a view draws it, so a second view of the same output needs no kernel.
// Kernel to page:  {key: {number, lanes: {0: {changes, chunks, state, figures}}}}
// Page to kernel:  {ask: "stop"}; {ask: "whole"}, answered by the model's snapshot; and
// once {ask: "here"}, without which the kernel falls back on plain text.

import { visible } from "./dom.js";
import { make, start } from "./kinds.js";
import { Notebook, titleNode } from "./saved.js";
import { Speech } from "./speech.js";

/**
 * @typedef {["open", string, string] | ["add" | "set" | "label" | "strike", number, string]} Change
 * @typedef {{kind: string, label: string, text: string, struck: boolean}} Passage
 * @typedef {{title: string, markdown: boolean, passages: Passage[], chunks: number,
 *            state: string, figures: string}} Lane
 * @typedef {{number: number, lanes: Object<string, Partial<Lane> & {changes: Change[]}>}} News
 */

export class Library {
  /** @param model  The hidden widget on which all deltas come. */
  constructor(model) {
    /** @type {Map<string, Feed>} */
    this.feeds = new Map();
    /** @type {Map<string, News[]>} News of views that the page does not show yet. */
    this.early = new Map();
    this.notebook = new Notebook(model.widget_manager, this.feeds);
    model.on("msg:custom", (message) => {
      for (const [key, news] of Object.entries(message)) this.take(key, news);
    });
    model.send({ ask: "here" });
  }

  take(key, news) {
    const feed = this.feeds.get(key);
    if (feed) feed.take(news);
    else this.early.set(key, [...(this.early.get(key) ?? []), news]);
    if (this.early.size > 100) this.early.delete(this.early.keys().next().value);
  }

  /** Draw a view into an element; returns what takes it away again. */
  render(model, el) {
    const key = model.get("key");
    let feed = this.feeds.get(key);
    if (!feed) {
      feed = new Feed(model, this.early.get(key) ?? [], this.notebook);
      this.feeds.set(key, feed);
      this.early.delete(key);
      // While this library was loading, news passed it by; a silent model sends no more.
      if (this.feeds.size === 1) feed.askWhole();
    }
    const view = new View(feed, el);
    return () => view.remove();
  }
}

/** Everything known of one view, in order and without gaps. */
class Feed {
  constructor(model, early, notebook) {
    this.model = model;
    const here = model.get("words") ?? {}; // of the reader's language, if it is another
    this.say = (word) => here[word] ?? word;
    this.notebook = notebook;
    this.speed = model.get("speed");
    this.started = performance.now();
    /** @type {Set<View>} */
    this.views = new Set();
    this.notice = "";
    this.load();
    for (const news of early) this.take(news);
    model.on("change:snapshot", () => this.load());
    watchKernel(model, this);
  }

  /** Start from a snapshot, if it knows more. */
  load() {
    const { number = 0, lanes = [], title = "" } = this.model.get("snapshot");
    this.asked = false;
    if (this.lanes && number < this.number) return;
    this.number = number;
    this.title = title;
    this.lanes = lanes.map(({ passages, ...lane }) => ({
      ...lane,
      passages: passages.map(([kind, label, text, struck]) => ({ kind, label, text, struck })),
    }));
    for (const view of this.views) view.start();
    this.noteEnd();
  }

  /** @param {News} news */
  take(news) {
    if (news.number <= this.number) return;
    if (news.number !== this.number + 1) {
      this.askWhole();
      return;
    }
    this.number = news.number;
    this.asked = false;
    for (const [number, { changes, ...facts }] of Object.entries(news.lanes)) {
      const lane = this.lanes[Number(number)];
      Object.assign(lane, facts);
      for (const change of changes) apply(lane.passages, change);
    }
    for (const view of this.views) view.changed();
    this.noteEnd();
  }

  /** At the end the answer stands in the notebook, by the kernel or else by the page. */
  noteEnd() {
    if (this.ended && !this.noted) this.notebook.writeLater(this);
    this.noted = this.ended;
  }

  /** Until the page has its subshell a busy kernel hears nothing: so ask again. */
  askWhole(wait = 500) {
    if (this.asked) return;
    this.asked = true;
    this.model.send({ ask: "whole" });
    setTimeout(() => {
      if (!this.asked || this.ended) return;
      this.asked = false;
      this.askWhole(2 * wait);
    }, wait);
  }

  get ended() {
    return this.lanes.every((lane) => lane.state);
  }

  /** Something about the kernel that the reader should know. */
  tell(notice) {
    if (this.ended || this.notice) return;
    const { canWrite } = this.notebook;
    this.notice = canWrite ? notice : `${notice} · not saved: run the cell again`;
    for (const view of this.views) view.changed();
    if (canWrite) this.notebook.write(this);
  }
}

/** @param {Passage[]} passages  @param {Change} change */
function apply(passages, [what, where, text]) {
  if (what === "open") passages.push({ kind: where, label: text, text: "", struck: false });
  else if (what === "add") passages[where].text += text;
  else if (what === "label") passages[where].label = text;
  else if (what === "strike") passages[where].struck = true;
  else Object.assign(passages[where], { text, renewed: (passages[where].renewed ?? 0) + 1 });
}

/** Say when the kernel dies; ask for the whole when the connection is back. */
function watchKernel(model, feed) {
  const kernel = model.widget_manager?.kernel;
  kernel?.statusChanged?.connect((_, status) => {
    if (["dead", "restarting", "autorestarting", "terminating"].includes(status)) {
      feed.tell("cut: the kernel died");
    }
  });
  kernel?.connectionStatusChanged?.connect((_, status) => {
    if (status === "connected" && !feed.ended) model.send({ ask: "whole" });
  });
}

// ---------------------------------------------------------------- drawing

const prefersCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** One drawing of a feed. */
class View {
  constructor(feed, el) {
    this.feed = feed;
    this.root = make("section", "course-live jp-RenderedHTMLCommon mathjax_ignore", el);
    this.root.setAttribute("aria-label", "Streamed answer");
    this.keepFocus();
    this.pace = new Pace(() => this.paint());
    this.start();
    feed.views.add(this);
    this.clock = setInterval(() => this.tick(), prefersCalm() ? 1000 : 100);
  }

  /** Draw everything anew. */
  start() {
    this.root.replaceChildren();
    if (this.feed.title) this.root.append(titleNode(this.feed.title));
    const row = make("div", "course-live-lanes", this.root);
    this.lanes = this.feed.lanes.map((lane) => new LaneView(lane, row));
    this.stop = new StopButton(this.feed, this.lanes[0]?.label, this.lanes[0]?.body);
    this.speech = new Speech(make("div", "course-live-speech", this.root), this.feed);
    this.changed();
  }

  changed() {
    this.pace.ask(this.feed.ended || this.feed.notice);
  }

  /** Draw what is due; true if more waits. */
  paint() {
    const whole = this.feed.ended || Boolean(this.feed.notice) || prefersCalm();
    const waits = this.lanes.map((lane) => lane.paint(whole));
    this.tick();
    return waits.some(Boolean);
  }

  tick() {
    for (const lane of this.lanes) lane.showState(this.feed);
    this.stop.update();
    this.speech.update(this.lanes);
    if (this.feed.ended) clearInterval(this.clock);
  }

  /** Who was in the view when it gave way to the saved answer is in its cell then. */
  keepFocus() {
    this.root.addEventListener("focusin", () => (this.cell = this.root.closest(".jp-Cell")));
    this.root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.root.contains(relatedTarget)) this.cell = null;
    });
  }

  remove() {
    if (this.feed.ended) this.speech.update(this.lanes); // it may go before its next paint
    clearInterval(this.clock);
    this.pace.stop();
    this.feed.views.delete(this);
    this.root.remove();
    if (document.activeElement === document.body) this.cell?.focus({ preventScroll: true });
  }
}

const BEAT = 33; // milliseconds between two paints: every second frame

/** Paints thirty times a second; less often where a paint is dear or nobody looks. */
class Pace {
  constructor(paint) {
    this.paint = paint;
    this.cost = 0;
    this.painted = 0;
  }

  ask(atOnce) {
    if (atOnce) this.run();
    if (atOnce || this.frame || this.timer) return;
    const wait = this.rest();
    if (wait > 0) this.timer = setTimeout(() => this.next(), wait);
    else this.frame = requestAnimationFrame(() => this.run());
  }

  rest() {
    if (document.hidden) return 500;
    if (prefersCalm()) return 250;
    const beat = this.cost > 6 ? Math.min(1000, this.cost * 4) : BEAT - 8;
    return beat - (performance.now() - this.painted);
  }

  next() {
    this.timer = 0;
    if (document.hidden) this.run();
    else this.frame = requestAnimationFrame(() => this.run());
  }

  run() {
    this.stop();
    const start = performance.now();
    const more = this.paint();
    this.painted = start;
    this.cost = 0.7 * this.cost + 0.3 * (performance.now() - start);
    if (more) this.ask(false);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = this.timer = 0;
  }
}

const BATCH = 105; // milliseconds between two messages: the time to spread a batch over
const MOST = 2000; // letters drawn in one frame: so many it can lay out, whatever they say

/** One lane: its label with the state, and its passages. */
class LaneView {
  constructor(lane, parent) {
    this.lane = lane;
    this.root = make("div", "course-live-lane", parent);
    this.label = make("div", "course-live-label", this.root);
    const words = make("small", "", this.label);
    if (lane.title) {
      make("strong", "", words).textContent = visible(lane.title);
      words.append(" · ");
    }
    this.state = make("span", "course-live-state", words);
    this.body = make("div", "course-live-body", this.root);
    for (const [name, value] of [["role", "log"], ["aria-live", "off"], ["tabindex", "0"]]) {
      this.body.setAttribute(name, value);
    }
    this.body.setAttribute("aria-label", lane.title || "Answer");
    this.passages = [];
    this.rate = new Rate();
    this.speed = 0;
    this.last = 0;
    this.paint(true);
  }

  /** Draw as much as is due; true if text is left for the next frame. */
  paint(whole) {
    const now = performance.now();
    const most = document.hidden ? Infinity : MOST;
    let share = whole ? most : Math.min(most, this.share(Math.min(100, now - this.last)));
    this.last = now;
    let left = 0;
    for (const [i, passage] of this.lane.passages.entries()) {
      this.passages[i] ??= new PassageView(passage, this.lane.markdown, this.body);
      const last = i === this.lane.passages.length - 1;
      share -= this.passages[i].paint(share, !last || Boolean(this.lane.state));
      left += this.passages[i].left;
    }
    if (!left) this.speed = 0;
    return left > 0;
  }

  /** How many characters this frame: what waits, spread over the time of one batch. */
  share(elapsed) {
    const drawn = this.passages.reduce((sum, passage) => sum + passage.drawn, 0);
    const known = this.lane.passages.reduce((sum, passage) => sum + passage.text.length, 0);
    this.speed = Math.max(this.speed, (known - drawn) / BATCH);
    return Math.max(1, Math.ceil(this.speed * elapsed));
  }

  showState(feed) {
    const words = this.words(feed);
    if (this.state.textContent !== words) this.state.textContent = words;
    this.body.setAttribute("aria-busy", String(!this.lane.state && !feed.notice));
  }

  words(feed) {
    const { state, figures, chunks } = this.lane;
    if (state) return figures ? `${state} · ${figures}` : state;
    if (feed.notice) return feed.notice;
    const now = ((performance.now() - feed.started) / 1000) * feed.speed;
    if (!chunks) return `${feed.say("waiting")} ${now.toFixed(1)} s`;
    return this.rate.words(now, chunks, feed.say);
  }
}

/** Chunks per second over the last two seconds, renewed twice a second. */
class Rate {
  constructor() {
    this.samples = [];
  }

  words(now, chunks, say) {
    const last = this.samples.at(-1);
    this.shown ??= say("streaming");
    if (last && now - last.now < 0.5) return this.shown;
    this.samples.push({ now, chunks });
    while (this.samples.length > 5) this.samples.shift();
    const silent = now - this.samples.find((sample) => sample.chunks === chunks).now;
    const first = this.samples[0];
    const rate = (chunks - first.chunks) / (now - first.now);
    if (silent >= 1.5) this.shown = say("streaming · waiting for more");
    else if (rate > 0) {
      const figure = rate.toFixed(rate < 10 ? 1 : 0);
      this.shown = `${say("streaming")} · ${figure} ${say("chunks/s")}`;
    }
    return this.shown;
  }
}

/** One passage, drawn as its kind says. */
class PassageView {
  constructor(passage, markdown, parent) {
    this.passage = passage;
    this.drawn = 0;
    this.done = false;
    this.label = passage.label;
    this.renewed = passage.renewed;
    Object.assign(this, start(passage, markdown, parent));
  }

  get left() {
    return Math.max(0, this.passage.text.length - this.drawn);
  }

  /** Draw up to `share` characters; returns how many it drew. */
  paint(share, complete) {
    if (this.passage.struck && !this.struck) this.strike();
    this.sayAnew();
    const { text } = this.passage;
    let end = Math.min(text.length, this.drawn + Math.max(0, share));
    if (isHighSurrogate(text.charCodeAt(end - 1)) && end < text.length) end += 1;
    const size = end - this.drawn;
    const done = complete && end === text.length;
    if (size > 0 || done !== this.done) this.writer.write(text.slice(this.drawn, end), done);
    this.drawn = end;
    this.done = done;
    return size;
  }

  /** A label that has changed, a line that says something else. */
  sayAnew() {
    const { label, renewed, text } = this.passage;
    if (label !== this.label) this.writer.label?.(label);
    this.label = label;
    if (renewed === this.renewed) return;
    this.renewed = renewed;
    this.writer.renew(text);
    this.drawn = text.length;
  }

  strike() {
    this.struck = true;
    this.root.classList.add("course-live-struck");
    const note = document.createElement("small");
    note.textContent = "replaced:";
    const struck = make("del", "");
    this.root.before(struck);
    struck.append(this.root);
    struck.before(note);
  }
}

const isHighSurrogate = (code) => code >= 0xd800 && code <= 0xdbff;

/** Asks the kernel to stop, and again until it has: a busy one may not hear. */
class StopButton {
  /** @param {Element} next  Who has the focus when the button goes. */
  constructor(feed, parent, next) {
    this.feed = feed;
    this.next = next;
    this.button = make("button", "course-live-stop", parent);
    this.button.type = "button";
    this.button.textContent = feed.say(feed.lanes.length > 1 ? "Stop all" : "Stop");
    this.button.addEventListener("click", () => this.press());
    this.hint = make("small", "course-live-hint", parent);
    this.update();
  }

  press() {
    if (this.pressed) return;
    this.pressed = performance.now();
    this.button.textContent = this.feed.say("Stopping");
    this.ask();
  }

  ask() {
    if (this.feed.ended || this.feed.notice) return;
    this.feed.model.send({ ask: "stop" });
    if (performance.now() - this.pressed > 2000) {
      this.hint.textContent = this.feed.say("The kernel is busy: press ■ in the toolbar.");
    }
    setTimeout(() => this.ask(), 500);
  }

  update() {
    const over = this.feed.ended || Boolean(this.feed.notice);
    if (over && document.activeElement === this.button) this.next.focus({ preventScroll: true });
    this.button.hidden = over;
    if (over) this.hint.textContent = "";
  }
}
