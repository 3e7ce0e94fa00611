// From trees to the page. Every element is made here, by name, from a short list; nothing
// that a model wrote is ever read as HTML. Nodes are kept and extended where they fit, so
// that a selection survives and nothing flickers.

import { readBlocks } from "./live_markdown.js";
import { colourLine } from "./live_code.js";

const ELEMENTS = new Set(
  "a blockquote br code del em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul".split(" "),
);
const ATTRIBUTES = ["href", "title", "rel", "target", "start"];

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
  if (typeof tree === "string") return document.createTextNode(tree);
  if (tree.tag === "fence") return createFence(tree);
  if (!ELEMENTS.has(tree.tag)) throw new Error(`no element for ${tree.tag}`);
  const node = document.createElement(tree.tag);
  for (const name of ATTRIBUTES) {
    if (tree.attrs[name] !== undefined) node.setAttribute(name, tree.attrs[name]);
  }
  if (tree.attrs.align) node.style.textAlign = tree.attrs.align;
  draw(node, tree.children);
  return node;
}

/** Turn a node into what the tree says, if it is nearly that; false if it is not. */
function extend(node, tree) {
  if (typeof tree === "string") return extendText(node, tree);
  if (tree.tag === "fence") return extendFence(node, tree);
  if (node.localName !== tree.tag || !sameAttributes(node, tree)) return false;
  draw(node, tree.children);
  return true;
}

function extendText(node, text) {
  if (node.nodeType !== Node.TEXT_NODE) return false;
  if (text.startsWith(node.data)) {
    if (text.length > node.data.length) node.appendData(text.slice(node.data.length));
  } else node.data = text;
  return true;
}

function sameAttributes(node, tree) {
  const same = (name) => node.getAttribute(name) === (tree.attrs[name] ?? null);
  return ATTRIBUTES.every(same) && node.style.textAlign === (tree.attrs.align ?? "");
}

// ---------------------------------------------------------------- code

/** What is drawn of a fence: one entry per line. */
const drawnLines = new WeakMap();

function createFence(tree) {
  const box = document.createElement("div");
  box.className = "highlight";
  const pre = box.appendChild(document.createElement("pre"));
  pre.append(document.createElement("code"));
  drawnLines.set(box, { language: tree.language, lines: [] });
  extendFence(box, tree);
  return box;
}

/** Draw the lines that are new or have changed: in a growing program, the last. */
function extendFence(box, tree) {
  const drawn = drawnLines.get(box);
  if (!drawn || drawn.language !== tree.language) return false;
  const code = box.firstChild.firstChild;
  const lines = tree.code.split("\n");
  let inside = "";
  for (const [i, line] of lines.entries()) {
    const before = drawn.lines[i];
    if (before?.line === line && before.before === inside) {
      inside = before.inside;
      continue;
    }
    const coloured = colourLine(line, tree.language, inside);
    drawLine(code, i, coloured.pieces);
    drawn.lines[i] = { line, before: inside, inside: coloured.inside };
    inside = coloured.inside;
  }
  while (code.childNodes.length > lines.length) code.lastChild.remove();
  drawn.lines.length = lines.length;
  return true;
}

function drawLine(code, number, pieces) {
  const line = document.createElement("span");
  if (number > 0) line.append("\n");
  for (const [name, text] of pieces) {
    if (!name) {
      line.append(text);
      continue;
    }
    const piece = line.appendChild(document.createElement("span"));
    piece.className = name;
    piece.textContent = text;
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
    this.finished = 0;
    this.tail = "";
  }

  /** @param {string} text  What is new.  @param {boolean} done  It is all. */
  write(text, done) {
    this.tail += text;
    const lines = this.lines(done);
    const blocks = readBlocks(lines, !done);
    draw(this.root, blocks.map((block) => block.node), this.finished);
    if (!done) this.finish(lines, blocks);
  }

  lines(done) {
    // A return at the very end may be half a line break.
    const whole = done || !this.tail.endsWith("\r") ? this.tail : this.tail.slice(0, -1);
    const lines = whole.split(/\r\n|\r|\n/);
    if (done && lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** A block is finished once the first line of the next one is whole. */
  finish(lines, blocks) {
    const last = blocks.at(-1);
    if (blocks.length < 2 || last.from >= lines.length - 1) return;
    this.finished += blocks.length - 1;
    const half = this.tail.endsWith("\r") ? "\r" : "";
    this.tail = lines.slice(last.from).join("\n") + half;
  }
}

/** Text as it is, in pieces of a few thousand characters so that layout stays cheap. */
export class PlainText {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root.appendChild(document.createElement("pre"));
    this.root.style.whiteSpace = "pre-wrap";
  }

  write(text) {
    const last = this.root.lastChild;
    if (last && last.data.length < 4000) last.appendData(text);
    else this.root.append(text);
  }
}
