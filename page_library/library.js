// What the page of a live view needs from elsewhere: see docs/decisions/markdown.md.
import MarkdownIt from "markdown-it";

export { MarkdownIt };
