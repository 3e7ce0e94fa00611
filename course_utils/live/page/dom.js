// From trees to the page. Every element is made here, by name, from a short list; nothing
// that a model wrote is ever read as HTML. Nodes are kept and extended where they fit, so
// that a selection survives and nothing flickers.

import { GrowingMarkdown } from "./markdown.js";
import { colourLine } from "./highlight.js";

const ELEMENTS = new Set(
  "a blockquote br code del em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul".split(" "),
);
const ATTRIBUTES = ["href", "title", "rel", "target", "start", "dir"];
const HIDDEN = /[\u202a-\u202e\u2066-\u2069]/g;

/** A text with its bidirectional overrides written out: they turn around what follows. */
export const visible = (text) =>
  text.replace(HIDDEN, (char) => `⟨U+${char.codePointAt(0).toString(16).toUpperCase()}⟩`);

/** @param {Node} parent  @param {Tree[]} trees  @param {number} first  Keep what is before. */
export function draw(parent, trees, first = 0) {
  let node = parent.childNodes[first] ?? null;
  for (const tree of trees) {
    const next = node?.nextSibling ?? null;
    if (!node) parent.append(create(tree));
    else if (!extend(node, tree)) node.replaceWith(create(tree));
    node = next;
  }
  while (node) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
}

function create(tree) {
  if (typeof tree === "string") return document.createTextNode(visible(tree));
  if (tree.tag === "fence") return createFence(tree);
  if (!ELEMENTS.has(tree.tag)) throw new Error(`no element for ${tree.tag}`);
  const node = document.createElement(tree.tag);
  draw(node, tree.children);
  for (const name of ATTRIBUTES) {
    if (tree.attrs[name] !== undefined) node.setAttribute(name, tree.attrs[name]);
  }
  if (tree.attrs.align) node.style.textAlign = tree.attrs.align;
  if (tree.attrs.task) node.style.listStyle = "none";
  return node;
}

/** Turn a node into what the tree says, if it is nearly that; false if it is not. */
function extend(node, tree) {
  if (typeof tree === "string") return extendText(node, tree);
  if (tree.tag === "fence") return extendFence(node, tree);
  if (node.localName !== tree.tag || !sameAttributes(node, tree)) return false;
  draw(node, tree.children, tree.first);
  return true;
}

const styleOf = ({ attrs }) => ({
  textAlign: attrs.align ?? "",
  listStyle: attrs.task ? "none" : "",
});

function extendText(node, tree) {
  const text = visible(tree);
  if (node.nodeType !== Node.TEXT_NODE) return false;
  if (text.startsWith(node.data)) {
    if (text.length > node.data.length) node.appendData(text.slice(node.data.length));
  } else node.data = text;
  return true;
}

function sameAttributes(node, tree) {
  const same = (name) => node.getAttribute(name) === (tree.attrs[name] ?? null);
  const { textAlign, listStyle } = styleOf(tree);
  const styled = node.style.textAlign === textAlign && (listStyle === "") === (node.style.listStyle === "");
  return styled && ATTRIBUTES.every(same);
}

// ---------------------------------------------------------------- code

// As in the saved notebook, which has no style sheet of ours: live/markdown.py.
const CODE_BOX =
  "background:var(--jp-cell-editor-background,#f5f5f5);padding:0.5em 0.75em;margin:0 0 1em;overflow-x:auto";

/** What is drawn of a fence: one entry per line. */
const drawnLines = new WeakMap();

function createFence(tree) {
  const box = document.createElement("div");
  box.className = "highlight";
  box.dir = "ltr";
  box.style.cssText = CODE_BOX;
  const pre = box.appendChild(document.createElement("pre"));
  pre.append(document.createElement("code"));
  for (const node of [pre, pre.firstChild]) node.style.background = "none";
  drawnLines.set(box, { language: tree.language, lines: [] });
  extendFence(box, tree);
  return box;
}

/** Draw the lines that are new or have changed: in a growing program, the last. */
function extendFence(box, tree) {
  const drawn = drawnLines.get(box);
  if (!drawn || drawn.language !== tree.language) return false;
  const code = box.firstChild.firstChild;
  let number = tree.first ?? 0;
  let inside = drawn.lines[number - 1]?.inside ?? "";
  for (const line of tree.code.split("\n")) {
    const before = drawn.lines[number];
    if (before?.line !== line || before.before !== inside) {
      const coloured = colourLine(line, tree.language, inside);
      drawLine(code, number, coloured.pieces);
      drawn.lines[number] = { line, before: inside, inside: coloured.inside };
    }
    inside = drawn.lines[number].inside;
    number += 1;
  }
  while (code.childNodes.length > number) code.lastChild.remove();
  drawn.lines.length = number;
  return true;
}

function drawLine(code, number, pieces) {
  const line = document.createElement("span");
  if (number > 0) line.append("\n");
  for (const [name, text] of pieces) {
    if (!name) {
      line.append(visible(text));
      continue;
    }
    const piece = line.appendChild(document.createElement("span"));
    piece.className = name;
    piece.textContent = visible(text);
  }
  if (code.childNodes[number]) code.childNodes[number].replaceWith(line);
  else code.append(line);
}

// ---------------------------------------------------------------- growing texts

/** Markdown that grows: finished blocks are left alone, the last is read again. */
export class MarkdownText {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.growing = new GrowingMarkdown();
  }

  /** @param {string} text  What is new.  @param {boolean} done  It is all. */
  write(text, done) {
    const blocks = this.growing.write(text, done);
    draw(this.root, blocks, this.growing.finished);
    if (!done) this.growing.finish(blocks);
  }
}

/** Text as it is, in pieces of a few thousand characters so that layout stays cheap. */
export class PlainText {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root.appendChild(document.createElement("pre"));
    this.root.style.cssText = "white-space: pre-wrap; unicode-bidi: plaintext";
  }

  write(more) {
    const text = visible(more);
    const last = this.root.lastChild;
    if (last && last.data.length < 4000) last.appendData(text);
    else this.root.append(text);
  }
}
