// One question, one answer. The state says honestly where it stands; what a model wrote
// becomes elements by name, never HTML. All addresses are relative, so that the page works
// wherever a proxy has put it.

import { MarkdownText } from "./markdown.js";

const TRIES = 6; // without progress, then it is told that the answer is cut
const SHORTEST = 250; // milliseconds until the next try; it doubles, up to the longest
const LONGEST = 4000;
const PATIENCE = 2000; // for the last event of an answer that was stopped

const $ = (id) => document.getElementById(id);
const say = (words) => ($("state").textContent = words);
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** Sent exactly so: the Jupyter proxy collects any other answer until it is whole. */
const ACCEPT = { Accept: "text/event-stream" };

// ---------------------------------------------------------------- what is shown

/** The texts of an answer, each message for itself, drawn once a frame. */
class Answer {
  constructor(goesOn = false) {
    this.messages = new Map();
    this.calls = new Map();
    this.frame = 0;
    $("choice").hidden = true;
    if (goesOn) return; // with the answer that waited for a person
    $("answer").replaceChildren();
    $("steps").replaceChildren();
  }

  text(more, message) {
    if (!this.messages.has(message)) {
      const root = $("answer").appendChild(document.createElement("div"));
      this.messages.set(message, { root, markdown: new MarkdownText(root), waiting: "" });
    }
    this.messages.get(message).waiting += more;
    if (document.hidden) this.paint(); // a hidden tab gets no frames
    else this.frame ||= requestAnimationFrame(() => this.paint());
  }

  restart(message) {
    this.messages.get(message)?.root.remove();
    this.messages.delete(message);
  }

  paint(done = false) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    for (const one of this.messages.values()) {
      if (one.waiting || done) one.markdown.write(one.waiting, done);
      one.waiting = "";
    }
  }

  add(words) {
    $("steps").appendChild(document.createElement("li")).textContent = words;
  }

  call({ id, name, args }) {
    if (!this.calls.has(id)) {
      this.add("");
      this.calls.set(id, { name: "", args: "", item: $("steps").lastChild });
    }
    const call = this.calls.get(id);
    call.name ||= name ?? "";
    call.args += args ?? "";
    call.item.textContent = `${call.name || "tool"}: ${call.args}`;
  }
}

/** What each kind of event does to the page; some give a word for the state. */
const SHOW = {
  text(answer, data) {
    answer.text(data.text, data.message);
    return "streaming";
  },
  reasoning: () => "thinking",
  restart: (answer, data) => answer.restart(data.message),
  refusal: (answer, data) => answer.text(data.text, "refusal"),
  tool_call: (answer, data) => answer.call(data),
  tool_result: (answer, data) => answer.add(`${data.name ?? "tool"} → ${data.text}`),
  interrupt: (answer, { value }) => answer.add(`question: ${questionIn(value)}`),
};

/** What a person is asked, in words; LangChain's approvals of tool calls among it. */
function questionIn(value) {
  if (typeof value === "string") return value;
  if (!value?.action_requests) return JSON.stringify(value);
  return value.action_requests.map(({ name, args }) => `${name}: ${JSON.stringify(args)}`).join("; ");
}

/** The last events, and the words for the end. */
const LAST = {
  done: ({ note }) => (note ? `done: ${note}` : "done"),
  stopped: () => "stopped",
  cut: ({ finish_reason, note }) => `cut: ${note ?? finish_reason}`,
  error: ({ message }) => `error: ${message}`,
};

// ---------------------------------------------------------------- what comes

/** The events in a response, as the standard for server-sent events has them. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { kind: "message", data: [], id: "" };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const [, field, text] = /^([^:]*):? ?(.*)/.exec(line);
      if (line === "") {
        if (event.data.length) yield { ...event, data: JSON.parse(event.data.join("\n")) };
        event = { kind: "message", data: [], id: event.id };
      } else if (field === "data") event.data.push(text);
      else if (field === "event") event.kind = text;
      else if (field === "id") event.id = text;
    }
  }
}

/** Asks once, then reads on until the last event, over as many connections as it takes. */
class Stream {
  constructor(id = "", goesOn = false) {
    this.id = id;
    this.at = 0; // the number of the last event
    this.ended = false;
    this.stopping = false;
    this.controller = new AbortController();
    this.answer = new Answer(goesOn);
  }

  ask(text) {
    return this.post("chat", { text });
  }

  /** Answers an answer that waits for a person; the rest has a name of its own. */
  goOn(paused, value) {
    return this.post(`chat/${paused}/answer`, { value });
  }

  post(address, body) {
    const headers = { ...ACCEPT, "Content-Type": "application/json" };
    return fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal: this.controller.signal });
  }

  resume() {
    const headers = { ...ACCEPT, "Last-Event-ID": `${this.id}.${this.at}` };
    return fetch(`chat/${this.id}`, { headers, signal: this.controller.signal });
  }

  async run(first) {
    for (let tries = 0; !this.ended && tries < TRIES; tries += 1) {
      const before = this.at;
      try {
        await this.read(await (this.id ? this.resume() : first()));
      } catch (error) {
        if (!this.id) this.end("no connection: nothing was asked, try again");
      }
      if (this.ended) break;
      if (this.at > before) tries = 0;
      this.answer.paint();
      if (!this.stopping) say("connecting again");
      await sleep(Math.min(LONGEST, SHORTEST * 2 ** tries) * (0.5 + Math.random()));
    }
    if (!this.ended) this.end("cut: the connection broke");
  }

  async read(response) {
    if (response.status === 503 && this.id) return; // soon again
    if (response.status === 404) return this.end("cut: the rest is gone");
    if (!response.ok) return this.end(`refused: ${await reasonOf(response)}`);
    this.id ||= response.headers.get("Location")?.split("/").pop() ?? "";
    remember(this.id);
    if (this.stopping) this.tellServer();
    for await (const event of eventsOf(response)) {
      this.take(event);
      if (this.ended) return;
    }
  }

  take({ kind, data, id }) {
    const number = Number(id.split(".").pop());
    if (number <= this.at) return; // a proxy may repeat
    this.at = number;
    if (kind === "paused") this.pause(data.questions);
    else if (kind in LAST) this.end(LAST[kind](data));
    else {
      const words = SHOW[kind]?.(this.answer, data);
      if (words && !this.stopping) say(words);
    }
  }

  end(words, keep = "") {
    if (this.ended) return;
    this.ended = true;
    this.answer.paint(true);
    remember(keep);
    say(words);
    busy(false);
  }

  pause(questions) {
    if (!questions?.length) return this.end("paused: it waits to be asked to go on");
    this.end("paused: it waits for your answer", this.id); // a reload asks again
    pending = new Pending(this.id, questions);
  }

  /** Leaving is not stopping, and some proxies do not pass it on: it is asked for. */
  async stop() {
    this.stopping = true;
    say("stopping");
    if (this.id) this.tellServer(); // else as soon as the answer has a name
    await sleep(PATIENCE);
    if (this.ended) return;
    this.controller.abort();
    this.end("stopped here: the server has not said so");
  }

  tellServer() {
    fetch(`chat/${this.id}`, { method: "DELETE" }).catch(() => {});
  }
}

async function reasonOf(response) {
  try {
    const { detail, title } = await response.json();
    return detail ?? title;
  } catch {
    return `status ${response.status}`;
  }
}

// ---------------------------------------------------------------- the person

let stream = null;
let pending = null;

/** An answer that waits for a person: its questions, one after the other. */
class Pending {
  constructor(id, questions) {
    this.id = id;
    this.questions = questions;
    this.given = [];
    this.show();
  }

  get question() {
    return this.questions[this.given.length];
  }

  show() {
    const { value } = this.question;
    const more = this.questions.length > 1 ? ` (${this.given.length + 1} of ${this.questions.length})` : "";
    $("asks").textContent = questionIn(value) + more;
    $("choice").hidden = false;
    $("decide").hidden = !value?.action_requests;
  }

  decide(type) {
    this.give({ decisions: this.question.value.action_requests.map(() => ({ type })) });
  }

  give(value) {
    this.given.push([this.question.id, value]);
    if (this.given.length < this.questions.length) return this.show();
    pending = null;
    const all = this.questions.length > 1 ? Object.fromEntries(this.given) : value;
    begin("waiting", "", sessionStorage.asked ?? "", () => stream.goOn(this.id, all), true);
  }
}

/** A reload of this tab goes on reading; another tab is another conversation. */
function remember(id) {
  if (id) sessionStorage.answer = id;
  else {
    delete sessionStorage.answer;
    delete sessionStorage.asked;
  }
}

function busy(is) {
  $("stop").disabled = !is;
  $("send").disabled = is;
}

function asked(text) {
  $("asked").textContent = text;
  $("asked").hidden = !text;
}

function begin(words, id, text, first = () => stream.ask(text), goesOn = false) {
  pending = null;
  asked(text);
  say(words);
  busy(true);
  stream = new Stream(id, goesOn);
  stream.run(first);
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value;
  if ($("send").disabled || !text.trim()) return;
  $("text").value = "";
  if (pending && $("decide").hidden) return pending.give(text);
  sessionStorage.asked = text;
  begin("waiting", "", text);
});
for (const type of ["approve", "reject"]) {
  $(type).addEventListener("click", () => {
    pending?.decide(type);
    $("text").focus(); // the buttons go, and the focus must not go with them
  });
}
$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("form").requestSubmit();
});
function stop() {
  if (!stream || stream.ended || stream.stopping) return;
  stream.stop();
  $("text").focus(); // the button goes, and the focus must not go with it
}
$("stop").addEventListener("click", stop);
document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
document.addEventListener("visibilitychange", () => stream?.answer.paint());

if (sessionStorage.answer) begin("connecting again", sessionStorage.answer, sessionStorage.asked ?? "");
