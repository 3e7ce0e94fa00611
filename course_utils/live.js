export class Library {
  constructor(model) {
    this.views = new Map();
    model.on("msg:custom", (message) => {
      for (const [key, news] of Object.entries(message)) for (const v of this.views.get(key) ?? []) v(news);
    });
  }
  render(model, el) {
    const pre = document.createElement("pre");
    el.append(pre);
    const lanes = (model.get("snapshot").lanes ?? []).map((l) => l.passages.map((p) => p[2]).join(""));
    let number = model.get("snapshot").number ?? 0;
    pre.textContent = lanes.join("\n\n");
    const key = model.get("key");
    const take = (news) => {
      if (news.number <= number) return;
      number = news.number;
      for (const [lane, entry] of Object.entries(news.lanes)) for (const c of entry.changes) if (c[0] === "add") lanes[lane] = (lanes[lane] ?? "") + c[2];
      pre.textContent = lanes.join("\n\n");
    };
    this.views.set(key, [...(this.views.get(key) ?? []), take]);
  }
}
