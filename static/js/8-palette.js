// The palette: a box, and below it what the server says of the words in it.
(() => {
  const PAUSE = 120;
  let asking = null; // the question whose answer counts; older ones are given up
  let timer;
  let enterWaits = false;

  const palette = () => document.getElementById("palette");
  const box = () => document.getElementById("palette-words");
  const lines = () => [...document.querySelectorAll("#palette-lines [role=option]")];
  const chosen = () => document.querySelector("#palette-lines [aria-selected=true]");

  const choose = (line) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!line) return box().removeAttribute("aria-activedescendant");
    line.setAttribute("aria-selected", "true");
    box().setAttribute("aria-activedescendant", line.id);
    line.scrollIntoView({ block: "nearest" });
  };

  const ask = async () => {
    clearTimeout(timer);
    timer = undefined;
    asking?.abort();
    const question = (asking = new AbortController());
    const url = `${palette().dataset.url}?${new URLSearchParams({ q: box().value })}`;
    try {
      const answer = await fetch(url, { signal: question.signal, headers: { "HX-Request-Type": "partial" } });
      if (answer.status === 401) return location.assign(quayside.signInUrl());
      if (!answer.ok) throw new Error(`${answer.status}`);
      const html = await answer.text();
      if (asking !== question) return;
      asking = null;
      document.getElementById("palette-lines").innerHTML = html;
      choose(lines()[0]);
      if (enterWaits) act();
    } catch (error) {
      if (error.name === "AbortError") return;
      asking = null;
      close();
      quayside.answerNotice(quayside.words("offline"));
    }
  };

  const open = () => {
    const dialog = palette();
    if (!dialog || dialog.open) return;
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    box().value = "";
    enterWaits = false;
    dialog.showModal();
    box().focus();
    ask();
  };

  const close = () => palette()?.close();

  // Enter before the answer is there: what was typed counts, not what is still shown of earlier words.
  const act = () => {
    enterWaits = timer !== undefined || asking !== null;
    if (enterWaits) return timer !== undefined ? ask() : undefined;
    const line = chosen();
    if (!line) return;
    if (line.matches("button")) close();
    line.click();
  };

  const step = (by) => {
    const all = lines();
    if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
  };

  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: act,
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      if (!palette()) return;
      event.preventDefault();
      return palette().open ? close() : open();
    }
    if (event.target.id !== "palette-words" || event.isComposing) return;
    const key = KEYS[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  });

  document.addEventListener("input", (event) => {
    if (event.target.id !== "palette-words" || event.isComposing) return;
    enterWaits = false;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("#palette-lines button")) close();
    const opener = event.target.closest("[data-palette]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey || !palette()) return;
    event.preventDefault();
    open();
  });

  document.addEventListener("pointermove", (event) => {
    const line = event.target.closest?.("#palette-lines [role=option]");
    if (line && line !== chosen()) choose(line);
  });

  quayside.openPalette = open;
})();
