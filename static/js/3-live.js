// The state of the socket on <html data-live>, and the page following what it missed.
(() => {
  const { root, words, announce, notice, isDirty } = quayside;
  const POLL = 20_000;
  const BETWEEN = 1_000;
  // Told why and closed for good: too many windows, signed out, no longer permitted.
  const FINAL = { 4001: "tooMany", 4002: "signedOut", 4003: "notPermitted" };

  let wasOpen = false;
  let running = false;
  let again = false;
  let ended = false;
  let missed = false;
  let last = 0;

  const state = (value) => {
    root.dataset.live = value;
  };

  const refetch = async () => {
    // The answer to a form is shown nowhere else: what was typed, or codes that are shown once.
    missed = isDirty() || document.hidden || document.querySelector("#main [data-answer]") !== null;
    if (ended || missed || !document.getElementById("main")) return;
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      const wait = last + BETWEEN - Date.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      last = Date.now();
      await htmx.ajax("GET", location.pathname + location.search, { target: "#main", swap: "innerMorph" });
    } finally {
      running = false;
      if (again) {
        again = false;
        refetch();
      }
    }
  };

  // hx-ws reads its settings when the element is first processed; by then htmx exists.
  document.addEventListener("htmx:before:process", () => {
    htmx.config.ws ??= {};
    // simple-websocket answers a missed ping with 1008, a broken frame with 1002; neither is a refusal
    htmx.config.ws.reconnectMaxDelay ??= 10_000;
    htmx.config.ws.reconnectCodes ??= [1001, 1002, 1005, 1006, 1008, 1011, 1012, 1013, 1014];
  });

  document.addEventListener("htmx:ws:before:connection", () => state("connecting"));

  document.addEventListener("htmx:ws:after:connection", () => {
    state("open");
    if (wasOpen) refetch();
    wasOpen = true;
  });

  document.addEventListener("htmx:ws:close", (event) => {
    const { code, reason } = event.detail;
    if (reason === "removed") return state("off");
    state("closed");
    wasOpen = true;
    const why = FINAL[code];
    if (!why) return;
    ended = code !== 4001;
    const link = code === 4002 ? { url: quayside.signInUrl(), label: words("signIn") } : null;
    notice(words(why), link);
  });

  // "refresh": the list may stand in another order now; the page asks for itself.
  document.addEventListener("htmx:ws:before:message:incoming", (event) => {
    const { message } = event.detail;
    if (running) again = true; // the page that is on its way may be older than this
    if (typeof message.data !== "string" || message.data.trimStart().startsWith("<")) return;
    event.preventDefault();
    refetch();
  });

  document.addEventListener("htmx:ws:after:message:incoming", () => announce(words("updated")));

  setInterval(() => {
    if (root.dataset.live === "closed" || root.dataset.live === "connecting") refetch();
  }, POLL);

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (missed || root.dataset.live === "closed")) refetch();
  });

  // What was put off because somebody was typing, once nothing typed is left.
  quayside.catchUp = () => {
    if (missed) refetch();
  };
})();
