// What the notebook holds of a live view.
//
// The kernel leaves the whole answer behind at the end. Where it cannot (it died, or the
// cell was moved, copied, deleted and brought back, or the page was loaded anew) the page
// writes what it holds; and every save in the meantime keeps the text so far.

import { visible } from "./dom.js";
import { make, passageText, start } from "./kinds.js";

const WIDGET = "application/vnd.jupyter.widget-view+json";
const KEY = 8; // letters: a widget's id starts with the key of its view
const MARK = "course_live"; // an output's metadata: the view that it was saved from
export const SO_FAR = "streaming when it was saved: for the whole, run the cell again";
const PATIENCE = 2000; // milliseconds that the kernel's own answer may take

/** The notebook of a page, if the page has one that can be written to. */
export class Notebook {
  /** @param manager  The widget manager; JupyterLab's knows its document.  @param feeds */
  constructor(manager, feeds) {
    this.manager = manager;
    this.feeds = feeds;
    this.context = manager?.context;
    this.canWrite = Boolean(this.context?.model?.cells);
    if (this.canWrite) this.keepInSaves();
    this.context?.ready?.then(() => this.reattach());
  }

  *outputs() {
    for (const cell of this.canWrite ? this.context.model.cells : []) {
      for (let at = 0; at < (cell.outputs?.length ?? 0); at += 1) {
        yield { area: cell.outputs, at, output: cell.outputs.get(at).toJSON() };
      }
    }
  }

  feedOf(output) {
    return this.feeds.get(idOf(output)?.slice(0, KEY));
  }

  /** Write the answer in place of each view of a feed that is still there. */
  write(feed) {
    for (const { area, at, output } of this.outputs()) {
      if (this.feedOf(output) === feed) area.set(at, display(bundleOf(feed), {}));
    }
  }

  /** The stream is over: if the kernel's answer does not come, the page's own does. */
  writeLater(feed) {
    setTimeout(() => this.write(feed), PATIENCE);
  }

  /** Whenever the notebook is saved, a live view is saved as the text so far. */
  keepInSaves() {
    const { model } = this.context;
    const whole = model.toJSON.bind(model);
    model.toJSON = () => {
      const notebook = whole();
      for (const cell of notebook.cells) {
        cell.outputs = cell.outputs?.map((output) => this.saved(output));
      }
      return notebook;
    };
  }

  saved(output) {
    const feed = this.feedOf(output);
    return feed ? display(bundleOf(feed), { [MARK]: idOf(output) }) : output;
  }

  /** After a reload: what was saved in mid-stream goes on, if the kernel still has it. */
  async reattach() {
    for (const { area, at, output } of this.outputs()) {
      const id = output.metadata?.[MARK];
      if (!id || !this.manager.has_model(id)) continue;
      const view = { version_major: 2, version_minor: 0, model_id: id };
      area.set(at, display({ [WIDGET]: view, "text/plain": output.data["text/plain"] }, {}));
    }
  }
}

const idOf = (output) => output.data?.[WIDGET]?.model_id;
const display = (data, metadata) => ({ output_type: "display_data", data, metadata });

/** All lanes as HTML and as text, as the kernel would leave them. */
function bundleOf(feed) {
  const lanes = feed.lanes.map((lane) => ({ ...lane, state: lane.state || feed.notice || SO_FAR }));
  const row = document.createElement("div");
  row.className = "mathjax_ignore";
  if (lanes.length > 1) row.style.cssText = "display: flex; flex-wrap: wrap; gap: 0 2em";
  row.append(...lanes.map(laneNode));
  const head = feed.title ? titleNode(feed.title).outerHTML : "";
  const text = [feed.title, ...lanes.map(laneText)].join("\n\n").trim();
  return { "text/html": head + row.outerHTML, "text/plain": text };
}

/** The line above several answers. */
export function titleNode(title) {
  const line = make("p", "", null);
  make("strong", "", line).textContent = visible(title);
  return line;
}

function laneNode(lane) {
  const node = make("div", "course-live", null);
  node.style.cssText = "flex: 1 1 13em; min-width: 0";
  const words = make("small", "", make("div", "course-live-label", node));
  if (lane.title) make("strong", "", words).textContent = visible(lane.title);
  words.append(`${lane.title ? " · " : ""}${lane.state}`);
  for (const passage of lane.passages) passageNode(passage, lane.markdown, node);
  return node;
}

function passageNode(passage, markdown, parent) {
  const { root: body, writer } = start(passage, markdown, parent);
  body.style.textAlign = "start";
  writer.write(passage.text, true);
  if (!passage.struck) return;
  const struck = make("del", "", null);
  struck.append(...body.childNodes);
  make("small", "", body).textContent = "replaced:";
  body.append(struck);
}

function laneText(lane) {
  const label = lane.title ? `${lane.title} · ${lane.state}` : lane.state;
  return [label, ...lane.passages.map(passageText)].join("\n\n");
}
