// How each kind of passage is drawn, live and saved: text, a line with a sign, a fold.
// live/answer.py says the same of the answer that the kernel saves.

import { MarkdownText, PlainText, visible } from "./dom.js";

const LINES = 3; // of what a tool was told or gave; the rest is folded
const LETTERS = 300;
const GLANCE = 60; // letters of a thought

export const make = (tag, name, parent) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  parent?.append(node);
  return node;
};

/** The first three lines of a text, and the rest. */
export function fold(text) {
  const lines = text.split("\n");
  const shown = lines.slice(0, LINES).join("\n");
  const letters = [...shown];
  if (letters.length <= LETTERS) return [shown, lines.slice(LINES).join("\n")];
  const kept = letters.slice(0, LETTERS).join("");
  return [kept, text.slice(kept.length)];
}

const moreLines = (rest) => {
  const count = rest.replace(/\n+$/, "").split("\n").length;
  return `${count} more line${count === 1 ? "" : "s"}`;
};

function startFold(root, summary) {
  const details = make("details", "", root);
  const words = make("small", "", make("summary", "", details));
  words.textContent = visible(summary);
  return { details, words };
}

function makeCode(parent) {
  const code = make("code", "", parent);
  code.dir = "ltr";
  code.style.whiteSpace = "pre-wrap";
  return code;
}

/** A text in Markdown or as it is; who speaks stands above it. */
function startText(passage, markdown, root) {
  const writer = markdown ? new MarkdownText(root) : new PlainText(root);
  let name = null;
  writer.label = (label) => {
    if (!name) root.before((name = document.createElement("small")));
    name.textContent = label ? `${visible(label)}:` : "";
  };
  return writer;
}

function startAside(passage, markdown, root) {
  return startText(passage, markdown, make("blockquote", "", root));
}

/** A line with a sign, a name and code; what is long is folded. */
function startLine(passage, markdown, root) {
  const line = make("small", "", root);
  const name = make("span", "", line);
  const code = makeCode(line);
  let [text, more] = ["", null];
  const renew = (whole) => {
    text = whole;
    const [shown, rest] = fold(text);
    code.textContent = visible(shown);
    if (rest && !more) {
      more = startFold(root, "");
      more.code = makeCode(more.details);
    }
    if (!more) return;
    more.words.textContent = moreLines(rest);
    more.code.textContent = visible(rest);
  };
  const label = (words) => (name.textContent = `${head(passage.kind, visible(words))} `);
  return { label, renew, write: (added) => renew(text + added) };
}

/** A thought, folded into one line that tells its seconds. */
function startThought(passage, markdown, root) {
  const { details, words } = startFold(root, "");
  const writer = new PlainText(details);
  writer.label = (label) => (words.textContent = head(passage.kind, visible(label)));
  return writer;
}

/** An object that fills up. */
function startObject(passage, markdown, root) {
  const name = make("small", "", root);
  const body = make("pre", "", root);
  body.style.whiteSpace = "pre-wrap";
  const renew = (text) => (body.textContent = visible(text));
  const label = (words) => (name.textContent = visible(words));
  return { label, renew, write: (added) => renew(body.textContent + added) };
}

const TEXT = "course-live-text";
const LINE = "course-live-tool";

/** How each kind is drawn: `start` gives what writes its text, and its label. */
export const KINDS = {
  text: { className: TEXT, sign: "", after: ": ", start: startText },
  aside: { className: TEXT, sign: "", after: ": ", start: startAside },
  thinking: { className: LINE, sign: "○", after: ": ", start: startThought },
  tool_call: { className: LINE, sign: "→", after: " ", start: startLine },
  tool_result: { className: LINE, sign: "←", after: " ", start: startLine },
  progress: { className: LINE, sign: "·", after: " ", start: startLine },
  state: { className: LINE, sign: "·", after: " ", start: startLine },
  data: { className: LINE, sign: "", after: "\n", start: startObject },
  question: { className: LINE, sign: "?", after: "\n", start: startLine },
};
export const kindOf = (passage) => KINDS[passage.kind] ?? KINDS.text;

const head = (kind, label) => `${KINDS[kind].sign} ${label}`.trim();

/** Begin to draw a passage; what comes next is written by what this returns. */
export function start(passage, markdown, parent) {
  const kind = kindOf(passage);
  const root = make("div", kind.className, parent);
  const writer = kind.start(passage, markdown, root);
  if (passage.label || kind.className === LINE) writer.label(passage.label);
  return { root, writer };
}

/** A passage as plain text. */
export function passageText(passage) {
  const { sign, after } = kindOf(passage);
  const name = `${sign} ${passage.label}`.trim();
  const text = `${name ? name + after : ""}${shortened(passage)}`.replace(/ +$/, "");
  return passage.struck ? `replaced: ${text}` : text;
}

function shortened({ kind, text }) {
  if (kind === "thinking") {
    const letters = [...text.split(/\s+/).filter(Boolean).join(" ")];
    const line = letters.slice(0, GLANCE).join("");
    return letters.length > GLANCE ? `${line.trimEnd()} …` : line;
  }
  if (!["tool_call", "tool_result", "progress", "state"].includes(kind)) return text;
  const [shown, rest] = fold(text);
  return rest ? `${shown}\n… ${moreLines(rest)}` : shown;
}
