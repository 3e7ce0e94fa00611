// What a screen reader hears of a live view: whole sentences, and how the answer ended.
//
// The view gives way to the saved answer at its end, and what a region said last goes
// unheard if the region goes with it. So the end is said in a region of the page itself.

import { make } from "./kinds.js";

const CHARACTERS_PER_SECOND = 15; // of speech

/** The page's own region for what is said last: a view's goes with it, unheard. */
function lastWords() {
  const region = document.querySelector("body > .course-live-speech");
  return region ?? makeLive(make("div", "course-live-speech", document.body));
}

function makeLive(region) {
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  return region;
}

/** For screen readers: whole sentences at the speed of speech, and the end in words. */
export class Speech {
  constructor(root, feed) {
    this.root = root;
    this.feed = feed;
    makeLive(root);
    lastWords(); // a region is heard only if it was there before its words
    this.said = 0;
    this.free = 0; // when the last sentence has been spoken
  }

  update(lanes) {
    if (this.over) return;
    if (this.feed.ended || this.feed.notice) this.sayEnd(lanes);
    else if (lanes.length === 1 && performance.now() > this.free) this.saySentence(lanes[0]);
  }

  saySentence(lane) {
    const text = textOf(lane.lane);
    const found = /^[^]{0,300}?[.!?:\n](?=\s)/.exec(text.slice(this.said));
    if (!found) return;
    this.said += found[0].length;
    this.say(found[0]);
    this.free = performance.now() + (found[0].length / CHARACTERS_PER_SECOND) * 1000;
  }

  sayEnd(lanes) {
    this.over = true;
    const [{ lane }] = lanes;
    const rest = lanes.length === 1 ? textOf(lane).slice(this.said) : "";
    const words = textOf(lane).split(/\s+/).filter(Boolean).length;
    const end = this.feed.notice || lanes.map((l) => l.lane.state).join(", ");
    const region = lastWords();
    const line = make("div", "", region);
    this.say(rest.length < 300 ? `${rest} ${end}.` : `${end}, ${words} words.`, line);
    while (region.childElementCount > 3) region.firstElementChild.remove();
  }

  say(text, where = this.root) {
    where.textContent = text.replace(/[*_`#>|~]/g, "").trim();
  }
}

const textOf = (lane) =>
  lane.passages.filter((p) => p.kind === "text" && !p.struck).map((p) => p.text).join("\n\n");
