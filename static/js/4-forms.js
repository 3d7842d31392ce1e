// Forms: unsaved changes, filters that send themselves, passwords, files, forms opened in place.
(() => {
  const { root } = quayside;
  const PAUSE = 250;
  let leaving = null; // the form that is on its way and takes the page with it
  let timer;

  // A form is dirty while it holds other words than when somebody came to it.
  const asOpened = new WeakMap();
  const held = (form) => new URLSearchParams(new FormData(form)).toString();
  const clean = (form) => {
    delete form.dataset.dirty;
    quayside.catchUp();
  };

  document.addEventListener("focusin", (event) => {
    const form = event.target.form;
    if (form && !("dirty" in form.dataset)) asOpened.set(form, held(form));
  });

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form || form.matches("[data-auto-submit]")) return;
    if (held(form) === asOpened.get(form)) clean(form);
    else form.dataset.dirty = "";
  });

  document.addEventListener("reset", (event) => clean(event.target));

  // A filter sends its form a moment after it is chosen, a search box while somebody types.
  const sendSoon = (form) => {
    clearTimeout(timer);
    form.dataset.pending = "1";
    timer = setTimeout(() => {
      delete form.dataset.pending;
      form.requestSubmit();
    }, PAUSE);
  };
  const sent = new WeakMap();
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const field = event.target;
      const form = field.form;
      if (!form?.matches("[data-auto-submit]")) return;
      const isWords = field.matches("input[type=search]");
      if (isWords && (event.isComposing || sent.get(field) === field.value)) return;
      if (isWords) sent.set(field, field.value);
      else if (kind === "input") return;
      sendSoon(form);
    });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-preference]")) return keepPreference(event, form);
    // What is on its way is not lost by leaving; what htmx sends leaves the page where it is.
    leaving = event.defaultPrevented ? null : form;
  });

  window.addEventListener("beforeunload", (event) => {
    const unsaved = [...document.querySelectorAll("form[data-guard][data-dirty]")];
    if (unsaved.some((form) => form !== leaving)) event.preventDefault();
  });
  window.addEventListener("pageshow", () => (leaving = null));

  // Theme and sidebar change at once and follow the user; the page need not load again.
  const keepPreference = (event, form) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, button));
    fetch(form.action, { method: "POST", body, headers: { "HX-Request-Type": "partial" } }).then(
      ({ ok, status }) => ok || quayside.answerNotice(quayside.words(status === 401 ? "signedOut" : "notKept")),
      () => quayside.answerNotice(quayside.words("offline")),
    );
    if (form.dataset.preference === "theme") {
      if (button.value === "system") delete root.dataset.theme;
      else root.dataset.theme = button.value;
      for (const other of form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    } else {
      const narrow = button.value === "1";
      if (narrow) root.dataset.side = "narrow";
      else delete root.dataset.side;
      button.value = narrow ? "0" : "1";
      button.setAttribute("aria-pressed", String(narrow));
    }
  };

  const reveal = (button) => {
    const field = document.getElementById(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };

  // Which link opened a slot, for the focus to go back to.
  const openers = new Map();
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("a[hx-target]");
    if (opener) openers.set(opener.getAttribute("hx-target").slice(1), opener);
  });

  const closeSlot = (event, link) => {
    const slot = link.closest("[data-slot]");
    if (!slot) return;
    event.preventDefault();
    slot.replaceChildren();
    quayside.catchUp();
    const opener = openers.get(slot.id);
    (opener?.isConnected ? opener : document.querySelector(`a[hx-target="#${slot.id}"]`))?.focus();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveal], [data-close-slot]");
    if (!button) return;
    if (button.matches("[data-reveal]")) reveal(button);
    else closeSlot(event, button);
  });

  // What only its author may do; whoever looks may be somebody else.
  const showOwn = () => {
    const member = document.getElementById("row-actions")?.dataset.member;
    for (const element of document.querySelectorAll("[data-author]")) element.hidden = element.dataset.author !== member;
  };
  for (const kind of ["DOMContentLoaded", "htmx:after:swap", "htmx:ws:after:message:incoming"]) {
    document.addEventListener(kind, showOwn);
  }

  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.("[data-drop]");
      if (!zone) return;
      zone.classList.toggle("over", kind === "dragover");
      if (kind === "dragleave") return;
      event.preventDefault();
      if (kind === "drop") zone.querySelector("input[type=file]").files = event.dataTransfer.files;
    });
  }
})();
