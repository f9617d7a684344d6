// Fetches the changing part of the page once a second, and tells the control
// API what the person does. The page works without it, but stands still.
"use strict";

const live = document.getElementById("live");
const talk = document.querySelector(".talk");
const search = document.querySelector(".search input");
let shown = "";

function showTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const language = document.documentElement.lang;
    time.title = at.toLocaleString(language);
    time.textContent = at.toLocaleTimeString(language === "en" ? "en-GB" : language, { hour: "2-digit", minute: "2-digit" });
  }
}

function scroller() {
  return document.querySelector(".messages");
}

function toEnd() {
  const box = scroller();
  if (box) box.scrollTop = box.scrollHeight;
}

async function refresh() {
  const query = search && search.value ? "?q=" + encodeURIComponent(search.value) : "";
  let html;
  try {
    const answer = await fetch(live.dataset.part + query);
    if (!answer.ok) return;
    html = await answer.text();
  } catch {
    return;
  }
  if (html === shown) return;
  const old = scroller();
  const top = old ? old.scrollTop : 0;
  const atEnd = !old || old.scrollHeight - old.scrollTop - old.clientHeight < 60;
  shown = html;
  live.innerHTML = html;
  showTimes();
  const box = scroller();
  if (box) box.scrollTop = atEnd ? box.scrollHeight : top;
}

function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.classList.add("on");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => box.classList.remove("on"), 4000);
}

async function act(what) {
  const answer = await fetch("/ctl/act", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ chat: Number(talk.dataset.chat), ...what }),
  });
  const result = await answer.json();
  if (!answer.ok) toast(result.error);
  await refresh();
  return answer.ok ? result : null;
}

async function press(button) {
  button.classList.add("busy");
  const done = await act({ do: "press", message_id: Number(button.dataset.press), data: button.dataset.data });
  for (let tries = 0; done && tries < 40; tries++) {
    const { answer } = await (await fetch("/ctl/presses/" + encodeURIComponent(done.query))).json();
    if (answer !== null) {
      if (answer) toast(answer);
      break;
    }
    await new Promise((wake) => setTimeout(wake, 250));
  }
  button.classList.remove("busy");
  refresh();
}

async function pay(button) {
  button.classList.add("busy");
  const done = await act({ do: "pay", message_id: Number(button.dataset.pay) });
  for (let tries = 0; done && tries < 50; tries++) {
    const checkout = await (await fetch("/ctl/checkouts/" + encodeURIComponent(done.checkout))).json();
    if (!checkout || checkout.state !== "waiting") {
      if (checkout && checkout.state === "refused") toast(checkout.error);
      if (checkout && checkout.state === "expired") toast(talk.dataset.late);
      break;
    }
    await new Promise((wake) => setTimeout(wake, 250));
  }
  button.classList.remove("busy");
  refresh();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !talk) return;
  if (button.dataset.press) press(button);
  if (button.dataset.pay) pay(button);
  if (button.dataset.act) act({ do: button.dataset.act });
  if (button.dataset.say) act({ do: "say", text: button.dataset.say }).then(toEnd);
});

document.addEventListener("error", (event) => {
  if (event.target.tagName === "IMG") event.target.remove();
}, true);

if (talk) {
  const form = document.querySelector(".write");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = form.text.value;
    if (!text.trim()) return;
    form.text.value = "";
    await act({ do: "say", text });
    toEnd();
  });
}

if (search) {
  search.addEventListener("input", () => {
    const query = search.value ? "?q=" + encodeURIComponent(search.value) : "";
    history.replaceState(null, "", "/" + query);
    refresh();
  });
}

showTimes();
toEnd();
setInterval(() => { if (!document.hidden) refresh(); }, 1000);
