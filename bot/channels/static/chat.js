"use strict";
(() => {
  const log = document.getElementById("log");
  const form = document.getElementById("form");
  const text = document.getElementById("text");
  const problem = document.getElementById("problem");
  const TOGETHER_MS = 5000;
  const AGAIN_MS = 2000;
  let last = 0;
  let top = null; // what the view begins with: the person's last words, or a message that came later by itself
  let topAt = 0;

  const tell = (sentence) => {
    problem.textContent = sentence;
    problem.hidden = false;
  };

  const NOT_SENT = "The message could not be sent. Please try again.";
  const post = async (path, body) => {
    problem.hidden = true;
    try {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      if (answer.ok) return true;
      tell((await answer.json().catch(() => ({}))).error || NOT_SENT);
    } catch {
      tell(NOT_SENT);
    }
    return false;
  };

  const keyboard = (message) => {
    const keys = document.createElement("div");
    keys.className = "keys";
    if (message.rtl) keys.dir = "rtl";
    for (const row of message.keyboard) {
      const line = document.createElement("div");
      for (const key of row) {
        if (key.url) {
          const link = document.createElement("a");
          link.href = key.url;
          link.rel = "noopener noreferrer";
          link.target = "_blank";
          link.textContent = key.label;
          line.append(link);
          continue;
        }
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = key.label;
        button.addEventListener("click", () => post("/chat/send", { data: key.data, message: String(message.id), label: key.label }));
        line.append(button);
      }
      keys.append(line);
    }
    return keys;
  };

  const show = (message) => {
    if (message.id <= last) return;
    last = message.id;
    const bubble = document.createElement("div");
    bubble.className = `message ${message.who}`;
    if (message.who === "person") {
      bubble.dir = "auto";
      bubble.textContent = message.text;
    } else {
      bubble.dir = message.rtl ? "rtl" : "ltr";
      bubble.innerHTML = message.html; // sanitised by the server
      if (message.file) {
        const link = document.createElement("a");
        link.href = message.file.url;
        link.textContent = message.file.name;
        link.download = message.file.name;
        bubble.append(link);
      }
    }
    log.append(bubble);
    if (message.keyboard && message.keyboard.length) log.append(keyboard(message));
    bring(bubble, message.who === "person");
  };

  // A long answer is read from its beginning: the view stays at the question, not at the end of the answer.
  const bring = (bubble, own) => {
    const at = performance.now();
    if (own || top === null || at - topAt > TOGETHER_MS) {
      top = bubble;
      topAt = at;
    }
    log.scrollTop = top.offsetTop - log.offsetTop - 12;
  };

  const listen = () => {
    const source = new EventSource(`/chat/events?after=${last}`);
    source.onmessage = (event) => show(JSON.parse(event.data));
    source.onerror = () => { // the browser itself tries again, but not after an error page of a proxy
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
    };
  };

  const begin = async () => {
    try {
      const answer = await fetch("/chat/messages?after=0");
      const messages = (await answer.json()).messages;
      messages.forEach(show);
      if (!messages.length) await post("/chat/send", { text: "/start" });
    } catch {
      tell("The conversation could not be loaded. Please reload the page.");
    }
    listen();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = text.value;
    if (!words.trim()) return;
    if (await post("/chat/send", { text: words })) text.value = "";
    text.focus();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  document.getElementById("new").addEventListener("click", async () => {
    if (await post("/chat/new", {})) window.location.reload();
  });
  begin();
})();
