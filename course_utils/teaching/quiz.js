// One question: a fieldset with its legend, radio buttons, a word about the guess.
// Tab reaches the group, the arrow keys choose, a screen reader hears what is said.

function render({ model, el }) {
  const field = document.createElement("fieldset");
  field.className = "jp-RenderedHTMLCommon mathjax_ignore"; // code and lists as in Jupyter's pages
  field.style.cssText = `border: 0; border-left: 3px solid #0072B2; margin: 0;
    padding: 0.1em 0.75em; max-width: 42em; line-height: 1.6;
    color: var(--jp-content-font-color1, inherit);
    font-family: var(--jp-content-font-family, sans-serif);
    font-size: var(--jp-content-font-size1, 14px)`;

  const legend = document.createElement("legend");
  legend.style.cssText = "font-weight: bold; padding: 0; float: left; width: 100%";
  legend.innerHTML = "? " + model.get("question");

  const name = Math.random().toString(36); // radio buttons of one name are one group
  const choices = model.get("options").map(([letter, text]) => {
    const label = document.createElement("label");
    label.style.cssText =
      "display: flex; gap: 0.5em; align-items: baseline; clear: left; cursor: pointer";
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = name;
    radio.value = letter;
    radio.dataset.lmSuppressShortcuts = "true"; // else Jupyter takes the arrow keys
    radio.addEventListener("change", () => {
      model.set("guess", letter);
      model.save_changes();
    });
    const words = document.createElement("span");
    words.innerHTML = `${letter}. ${text}`;
    label.append(radio, words);
    return label;
  });

  const ask = document.createElement("button");
  ask.textContent = model.get("why");
  ask.className = "jupyter-button";
  ask.style.cssText = "clear: left; margin: 0.3em 0";
  ask.addEventListener("click", () => {
    model.set("requested", true);
    model.save_changes();
    field.querySelector("input:checked")?.focus(); // this button goes away
  });

  const note = document.createElement("div");
  note.setAttribute("aria-live", "polite");
  note.style.marginTop = "0.3em";

  const show = () => {
    for (const radio of field.querySelectorAll("input"))
      radio.checked = radio.value === model.get("guess");
    note.innerHTML = model.get("note");
    const held = model.get("guess") && !model.get("requested");
    ask.style.display = held ? "" : "none";
  };
  model.on("change:note change:requested change:guess", show);
  field.append(legend, ...choices, note, ask);
  el.append(field);
  show();
}

export default { render };
