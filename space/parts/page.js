// Everything the page does by itself: the play line, the history of this browser, links, and files dropped anywhere.
(() => {
  const card = (target) => target.closest && target.closest(".card");

  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // One listener for the page: media events do not bubble, but they can be captured on their way down.
  const draw = (audio) => {
    const box = card(audio);
    if (!box || !audio.duration) return;
    box.classList.add("heard");
    box.style.setProperty("--played", 100 * audio.currentTime / audio.duration + "%");
    const strip = box.querySelector(".strip");
    if (!strip || audio.paused || strip.scrollWidth <= strip.clientWidth) return;
    // The line stays in the middle and the picture runs below it; whoever wants less motion gets page after page.
    const place = strip.scrollWidth * audio.currentTime / audio.duration, width = strip.clientWidth;
    if (!calm.matches) strip.scrollLeft = place - width / 2;
    else if (place < strip.scrollLeft || place > strip.scrollLeft + width) strip.scrollLeft = place;
  };
  const follow = (audio) => { draw(audio); if (!audio.paused) requestAnimationFrame(() => follow(audio)); };
  document.addEventListener("play", (event) => {
    document.querySelectorAll("audio").forEach((other) => { if (other !== event.target) other.pause(); });
    follow(event.target);
  }, true);
  document.addEventListener("seeked", (event) => draw(event.target), true);
  document.addEventListener("timeupdate", (event) => draw(event.target), true);
  document.addEventListener("change", (event) => {
    if (event.target.matches && event.target.matches(".card .loop input"))
      card(event.target).querySelector("audio").loop = event.target.checked;
  });

  // History: the last 20 results as links with a thumbnail, kept in this browser and nowhere else.
  const STORE = "spectrogram-history", MOST = 20;
  const kept = () => { try { return JSON.parse(localStorage.getItem(STORE)) || []; } catch { return []; } };
  const seen = new Set();
  const thumbnail = (image) => {
    const canvas = document.createElement("canvas");
    canvas.width = 96; canvas.height = 40;
    canvas.getContext("2d").drawImage(image, 0, 0, 96, 40);
    return canvas.toDataURL("image/jpeg", 0.7);
  };
  const remember = (figure) => {
    const image = figure.querySelector(".plot img");
    const keep = () => {
      const entry = { link: figure.dataset.recipe, title: figure.dataset.title, facts: figure.dataset.facts,
                      picture: thumbnail(image) };
      try { localStorage.setItem(STORE, JSON.stringify([entry, ...kept()].slice(0, MOST))); } catch { return; }
      show();
    };
    if (image.complete && image.naturalWidth) keep(); else image.addEventListener("load", keep, { once: true });
  };
  const show = () => {
    const list = document.querySelector("#history ol");
    if (!list) return;
    const entries = kept();
    list.replaceChildren(...entries.map((entry) => {
      const item = document.createElement("li"), button = document.createElement("button");
      const picture = document.createElement("img"), title = document.createElement("strong");
      const facts = document.createElement("span");
      button.type = "button"; button.dataset.link = entry.link;
      picture.src = String(entry.picture).startsWith("data:image/jpeg") ? entry.picture : ""; picture.alt = "";
      title.textContent = entry.title; facts.textContent = entry.facts;
      button.append(picture, title, facts); item.append(button);
      return item;
    }));
    list.dataset.count = entries.length;
    document.querySelector("#history .none").hidden = entries.length > 0;
  };
  // What other programs call a field: not in the way of those who do not know the word, there for those who look for it.
  const TERMS = { ".strength": "denoising strength" };
  const explain = () => Object.entries(TERMS).forEach(([fields, term]) => {
    document.querySelectorAll(fields).forEach((field) => { field.title ||= term; });
  });
  let planned = false;
  new MutationObserver(() => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      explain();
      document.querySelectorAll("figure.card[data-made]").forEach((figure) => {
        if (seen.has(figure.dataset.made)) return;
        seen.add(figure.dataset.made);
        remember(figure);
      });
      const list = document.querySelector("#history ol");
      if (list && !list.dataset.count) show();
    });
  }).observe(document, { childList: true, subtree: true });

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!target.closest) return;
    const plot = target.closest(".card .plot");
    if (plot) {
      const audio = card(plot).querySelector("audio"), frame = plot.getBoundingClientRect();
      audio.currentTime = audio.duration * Math.min(1, Math.max(0, (event.clientX - frame.left) / frame.width));
      audio.play();
      return;
    }
    const past = target.closest("#history [data-link]");
    if (past) { window.chosenRecipe = past.dataset.link; document.querySelector("#restore-link").click(); return; }
    const example = target.closest("[data-example]");
    if (example) {
      window.chosenExample = Number(example.dataset.example);
      document.querySelector("#example-pick").click();
      return;
    }
    const tile = target.closest("[data-pick]");
    if (tile) { window.chosenTile = tile.dataset.pick; document.querySelector("#dataset-pick").click(); return; }
    if (target.closest("#history .forget")) { localStorage.removeItem(STORE); show(); return; }
    const link = target.closest(".card a.link");
    if (link && navigator.clipboard) {
      event.preventDefault();
      navigator.clipboard.writeText(link.href).then(() => { link.textContent = "Copied"; },
                                                    () => { location.assign(link.href); });
    }
  });

  // A file that is dropped where nothing else takes it gives its recipe back.
  const takesFiles = (target) => target.closest && target.closest("[data-testid='file-upload'], button, .audio-container");
  document.addEventListener("dragover", (event) => {
    if (!takesFiles(event.target)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const input = document.querySelector("input[data-testid^='Restore from a file']");
    if (takesFiles(event.target) || !event.dataTransfer?.files.length || !input) return;
    event.preventDefault();
    const files = new DataTransfer();
    files.items.add(event.dataTransfer.files[0]);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
