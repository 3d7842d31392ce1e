// Toasts, menus, dialogs.
(() => {
  const { announce } = quayside;
  const SHOWN = 8_000;

  const dismiss = (button) => {
    const box = button.closest(".toast, .note");
    const next = document.getElementById("main");
    box.remove();
    next?.focus({ preventScroll: true });
  };

  // A toast without an offer goes by itself, unless somebody is reading or reaching for it.
  const watch = (toast) => {
    if (toast.dataset.watched !== undefined) return;
    toast.dataset.watched = "";
    if (toast.querySelector("form") || toast.matches(".bad")) return;
    let timer;
    const start = () => (timer = setTimeout(() => toast.remove(), SHOWN));
    const stop = () => clearTimeout(timer);
    toast.addEventListener("pointerenter", stop);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("pointerleave", start);
    toast.addEventListener("focusout", start);
    start();
  };

  // The latest only: a pile of them would stand over what one clicks.
  const watchAll = () => {
    const toasts = [...document.querySelectorAll(".toasts .toast")];
    const latest = toasts.pop();
    for (const older of toasts) older.remove();
    if (latest) watch(latest);
  };
  document.addEventListener("DOMContentLoaded", () => {
    watchAll();
    const said = document.querySelector(".toasts .toast > span");
    if (said) announce(said.textContent);
  });
  document.addEventListener("htmx:after:swap", watchAll);

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };

  document.addEventListener("click", (event) => {
    const { target } = event;
    closeMenus(target.closest("details.menu"));
    const button = target.closest("[data-dismiss], [data-dialog], [data-close]");
    if (!button) return;
    if (button.matches("[data-dismiss]")) return dismiss(button);
    // With a script the question is modal; without one the same element is a popover.
    event.preventDefault();
    if (button.matches("[data-dialog]")) document.getElementById(button.dataset.dialog)?.showModal();
    else button.closest("dialog")?.close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });

  // A click beside the dialog closes it, as people expect of a question with nothing typed into it.
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close();
  });
})();
