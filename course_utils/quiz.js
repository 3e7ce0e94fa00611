// One question: a fieldset with its legend, radio buttons, a word about the guess.
// Tab reaches the group, the arrow keys choose, a screen reader hears what is said.

let groups = 0; // radio buttons with one name are one group

function render({ model, el }) {
  const field = document.createElement("fieldset");
  field.style.cssText = `border: 0; border-left: 3px solid #0072B2; margin: 0;
    padding: 0.1em 0.75em; max-width: 42em; line-height: 1.6;
    color: var(--jp-content-font-color1, inherit);
    font-family: var(--jp-content-font-family, sans-serif);
    font-size: var(--jp-content-font-size1, 14px)`;

  const legend = document.createElement("legend");
  legend.style.cssText = "font-weight: bold; padding: 0; float: left; width: 100%";
  legend.innerHTML = "? " + model.get("question");

  const name = `question-${++groups}`;
  const choices = model.get("options").map(([letter, text]) => {
    const label = document.createElement("label");
    label.style.cssText = "display: block; clear: left; cursor: pointer; padding: 0.1em";
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = name;
    radio.value = letter;
    radio.style.marginRight = "0.5em";
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
  ask.textContent = "Why?";
  ask.className = "jupyter-button";
  ask.style.cssText = "clear: left; margin: 0.3em 0";
  ask.addEventListener("click", () => {
    model.set("asked", true);
    model.save_changes();
  });

  const note = document.createElement("div");
  note.setAttribute("aria-live", "polite");

  const show = () => {
    for (const radio of field.querySelectorAll("input"))
      radio.checked = radio.value === model.get("guess");
    note.innerHTML = model.get("note");
    ask.hidden = !model.get("guess") || model.get("asked");
  };
  model.on("change:note change:asked change:guess", show);
  field.append(legend, ...choices, note, ask);
  el.append(field);
  show();
}

export default { render };
