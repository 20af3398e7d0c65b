// Small comforts; every page works without them.
"use strict";

const EVERY_MS = 20000;
const body = document.body;

function tellOfNews() {
  const line = document.querySelector(".news");
  if (!line || !line.hidden) return;
  const link = document.createElement("a");
  link.href = location.pathname;
  link.textContent = line.dataset.newsLink;
  line.append(line.dataset.newsText + " ", link);
  line.hidden = false;
}

async function lookForNews() {
  if (document.hidden) return;
  try {
    const answer = await fetch(body.dataset.news, { headers: { accept: "application/json" }, redirect: "error" });
    if (!answer.ok) return;
    const { mark } = await answer.json();
    if (mark === body.dataset.mark) return;
    if (body.dataset.then === "reload") location.reload();
    else tellOfNews();
  } catch {
    // Away or signed out: the next click will say so.
  }
}

if (body.dataset.news) {
  setInterval(lookForNews, EVERY_MS);
  document.addEventListener("visibilitychange", lookForNews);
}

for (const field of document.querySelectorAll("textarea[data-longest]")) {
  const count = document.createElement("p");
  count.className = "hint over";
  count.setAttribute("role", "status");
  field.after(count);
  field.addEventListener("input", () => {
    const over = Array.from(field.value).length - Number(field.dataset.longest);
    count.textContent = over > 0 ? field.dataset.over.replace("{number}", over) : "";
  });
}

// Words in one form must not be lost by sending another one.
const typed = () => [...document.querySelectorAll("textarea:not([readonly])")].filter((field) => field.value.trim());
let sending = null;
for (const form of document.querySelectorAll("form")) form.addEventListener("submit", () => { sending = form; });
window.addEventListener("beforeunload", (event) => {
  if (typed().some((field) => field.form !== sending)) event.preventDefault();
});
