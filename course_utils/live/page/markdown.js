// Markdown as a model writes it, read by markdown-it into a tree of plain objects.
//
// No HTML is made on the way, so there is nothing to escape from. A text that grows is
// read block by block: what is finished is never looked at again, and of a long list or
// table or program only the last lines are.

import { MarkdownIt } from "./library.js";
import { teach } from "./rules.js";
import { teachHealing, healLines } from "./heal.js";

/**
 * @typedef {{tag: string, attrs: Object<string, string>, children: Tree[], from?: number,
 *            first?: number, unsure?: boolean}} Element_  `from`: its first line. `first`:
 *            how many children are drawn already. `unsure`: it may turn out to be nothing.
 * @typedef {{tag: "fence", language: string, code: string, children: []}} Fence
 * @typedef {string | Element_ | Fence} Tree
 */

const markdown = new MarkdownIt("commonmark", { html: false });
markdown.enable(["table", "strikethrough"]);
// Four spaces and reference links surprise more than they help.
markdown.disable(["code", "reference", "html_block", "html_inline"]);
teach(markdown);
teachHealing(markdown);

/**
 * The blocks of a text, in order.
 * @param {string} text
 * @param {{open?: boolean, loose?: boolean}} how  open: more may come.  loose: the list
 *     it starts with has paragraphs in its items, as an earlier part showed.
 * @returns {Tree[]}
 */
export function readBlocks(text, { open = false, loose = false } = {}) {
  const healed = open ? healLines(text) : { text, unsure: false };
  const tokens = markdown.parse(healed.text, { growing: open });
  if (loose) loosen(tokens);
  const blocks = treesOf(tokens);
  if (healed.unsure) blocks.at(-1).unsure = true;
  return blocks;
}

/** Make the first list loose. */
function loosen(tokens) {
  for (const token of tokens.slice(1)) {
    if (token.level === 0) return;
    if (token.level === 2 && token.type.startsWith("paragraph")) token.hidden = false;
  }
}

function treesOf(tokens) {
  const top = { children: [] };
  const stack = [top];
  for (const token of tokens) {
    if (token.hidden) continue;
    const { children } = stack.at(-1);
    if (token.nesting < 0) close(stack);
    else if (token.nesting > 0) stack.push(elementOf(token));
    else if (token.type === "inline") children.push(...treesOf(token.children));
    else children.push(leafOf(token));
  }
  return joined(top.children);
}

function close(stack) {
  const node = stack.pop();
  node.children = joined(node.children);
  stack.at(-1).children.push(node.tag === "a" ? withTrueHost(node) : node);
}

/** Neighbouring texts as one. */
function joined(trees) {
  const all = [];
  for (const tree of trees) {
    if (typeof tree === "string" && typeof all.at(-1) === "string") all[all.length - 1] += tree;
    else all.push(tree);
  }
  return all;
}

const element = (tag, attrs = {}, children = []) => ({ tag, attrs, children });
// Where a block starts reading: its own first strong letter says.
const BY_LETTER = new Set("p h1 h2 h3 h4 h5 h6 ul ol blockquote table th td".split(" "));

function elementOf(token) {
  const attrs = token.tag === "a" ? linkTo(token.attrGet("href")) : {};
  if (BY_LETTER.has(token.tag)) attrs.dir = "auto";
  if (token.tag === "ol" && token.attrGet("start") !== null) attrs.start = String(token.attrGet("start"));
  if (token.tag === "li" && token.attrGet("style")) attrs.task = "true";
  if (/^t[hd]$/.test(token.tag)) attrs.align = /\w+$/.exec(token.attrGet("style") ?? "start")[0];
  return { ...element(token.tag, attrs), from: token.map?.[0], unsure: token.meta?.unsure };
}

function leafOf(token) {
  if (token.type === "fence") {
    const language = token.info.trim().split(/\s/)[0];
    return { tag: "fence", language, code: token.content.replace(/\n$/, ""), children: [], from: token.map[0] };
  }
  if (token.type === "code_inline") return element("code", { dir: "ltr" }, [token.content]);
  if (token.type === "image") return imageOf(token);
  if (token.type === "softbreak") return "\n";
  if (token.type === "hardbreak" || token.type === "hr") return { ...element(token.tag), from: token.map?.[0] };
  return token.content;
}

// ---------------------------------------------------------------- links

const linkTo = (address) =>
  address && { href: address, title: address, rel: "noopener noreferrer nofollow", target: "_blank" } || {};

function imageOf(token) {
  const address = token.attrGet("src");
  return element("a", linkTo(address), [`image: ${token.content || address}`]);
}

function withTrueHost(link) {
  const host = trueHost(plainText(link).trim(), link.attrs.href ?? "");
  return host ? element("span", {}, [link, ` (${host})`]) : link;
}

const NAME = /[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.\p{L}{2,}/gu;

/** Where a link leads, if its words name another site. */
function trueHost(words, address) {
  const host = /^(?:https?:\/\/|mailto:)([^/?#]*)/i.exec(address)?.[1].split("@").at(-1).toLowerCase() ?? "";
  const whole = /^(?:https?:\/\/|www\.)[^/?#\s]*/i.exec(words)?.[0];
  const names = whole && !/\s/.test(words) ? [whole.replace(/^https?:\/\//i, "")] : words.match(NAME) ?? [];
  return names.every((name) => name.toLowerCase() === host) ? "" : host;
}

const plainText = (node) =>
  typeof node === "string" ? node : (node.children ?? []).map(plainText).join("");

// ---------------------------------------------------------------- growing

const LONG = 8; // items, rows or lines, from which on the first ones are left alone

/** What is known of a text that grows: which blocks are finished, and the open rest. */
export class GrowingMarkdown {
  constructor() {
    this.finished = 0; // blocks
    this.tail = "";
    this.leaveOpen();
  }

  /** Nothing is known of the block that is open. */
  leaveOpen() {
    this.drawn = 0; // items, rows or lines of the open block that are finished
    this.head = ""; // the lines that make a table or a code block one
    this.before = ""; // the lines of finished items
    this.start = undefined; // the number of the first
    this.loose = false;
  }

  /** Take more text; returns the blocks after the finished ones. */
  write(text, done) {
    this.tail += text;
    let blocks = this.read(done);
    if (this.drawn && !this.loose && isLoose(blocks[0])) {
      this.tail = this.before + this.tail; // the first blank line changes all items
      this.leaveOpen();
      blocks = this.read(done);
    }
    return blocks;
  }

  read(done) {
    // A return at the very end may be half a line break.
    const whole = done || !this.tail.endsWith("\r") ? this.tail : this.tail.slice(0, -1);
    const blocks = readBlocks(this.head + whole, { open: !done, loose: this.loose });
    const holder = this.drawn && holderOf(blocks[0]);
    if (holder) holder.first = this.drawn;
    if (this.drawn && blocks[0].tag === "ol") blocks[0].attrs = { ...blocks[0].attrs, start: this.start };
    return blocks;
  }

  /** Drop what cannot change any more; called once the blocks are drawn. */
  finish(blocks) {
    const lines = (this.head + this.tail).split(/(?<=\n|\r(?!\n))/);
    const last = blocks.at(-1);
    // A block is finished once the first line of the next one is whole.
    if (!last || last.unsure || last.from >= lines.length - 1) return;
    if (blocks.length > 1) {
      this.finished += blocks.length - 1;
      this.leaveOpen();
      this.tail = lines.slice(last.from).join("");
    }
    this.shorten(last, lines);
  }

  /** Of a long list or table only the last two parts stay open. */
  shorten(block, lines) {
    const starts = startsOf(block);
    if (starts.length < LONG) return;
    const from = starts.at(-2);
    const head = { table: 2, fence: 1 }[block.tag] ?? 0;
    if (head) this.head = lines.slice(block.from, block.from + head).join("");
    else this.before += lines.slice(block.from, from).join("");
    if (!this.drawn) this.start = block.attrs?.start;
    this.drawn += starts.length - 2;
    this.loose ||= isLoose(block);
    this.tail = lines.slice(from).join("");
  }
}

/** The node whose children are the items, rows or lines of a block. */
function holderOf(block) {
  if (block?.tag === "table") return block.children.find((part) => part.tag === "tbody");
  return /^([uo]l|fence)$/.test(block?.tag) ? block : undefined;
}

/** In which lines the items, rows or lines of a block start. */
function startsOf(block) {
  if (block.tag !== "fence") return holderOf(block)?.children.map((part) => part.from) ?? [];
  return block.code.split("\n").map((_, number) => block.from + 1 + number);
}

const isLoose = (block) => block?.children.some((item) => item.children?.[0]?.tag === "p") ?? false;
