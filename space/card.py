"""The result card, the same in every tab: spectrogram with axes and a moving play line, player, how it was made."""

import html
from urllib.parse import quote

from space.clips import Clip
from space.views import frequency_ticks, time_ticks
from spectrogram.params import SpectrogramParams

EMPTY = '<div class="card empty"><p>The sound you make appears here.</p></div>'

# One listener for the page: media events do not bubble, but they can be captured on their way down.
SCRIPT = """
<script>
(() => {
  const card = (target) => target.closest && target.closest(".card");
  const draw = (audio) => {
    const box = card(audio);
    if (!box || !audio.duration) return;
    box.classList.add("heard");
    box.style.setProperty("--played", 100 * audio.currentTime / audio.duration + "%");
  };
  const follow = (audio) => { draw(audio); if (!audio.paused) requestAnimationFrame(() => follow(audio)); };
  document.addEventListener("play", (event) => {
    document.querySelectorAll(".card audio").forEach((other) => { if (other !== event.target) other.pause(); });
    follow(event.target);
  }, true);
  document.addEventListener("seeked", (event) => draw(event.target), true);
  document.addEventListener("timeupdate", (event) => draw(event.target), true);
  document.addEventListener("change", (event) => {
    if (event.target.matches && event.target.matches(".card .loop input"))
      card(event.target).querySelector("audio").loop = event.target.checked;
  });
  document.addEventListener("click", (event) => {
    const plot = event.target.closest && event.target.closest(".card .plot");
    if (!plot) return;
    const audio = card(plot).querySelector("audio"), frame = plot.getBoundingClientRect();
    audio.currentTime = audio.duration * Math.min(1, Math.max(0, (event.clientX - frame.left) / frame.width));
    audio.play();
  });
})();
</script>
"""


def card_html(clip: Clip) -> str:
    """The card of a clip; every text that people typed is escaped."""
    params = SpectrogramParams.from_dict(clip.recipe.params)
    prompt = html.escape(clip.recipe.prompt)
    described = html.escape(f"Spectrogram: {clip.described}")
    return f"""
<figure class="card">
  <div class="axes">
    <div class="hertz" aria-hidden="true">{_marks(frequency_ticks(params), "bottom")}</div>
    <div class="plot" title="Click to play from here">
      <img src="{_address(clip.view)}" alt="{described}"><div class="line"></div>
    </div>
    <div class="seconds" aria-hidden="true">{_marks(time_ticks(clip.seconds), "left")}</div>
  </div>
  <audio controls preload="metadata" src="{_address(clip.sound)}" aria-label="Player: {prompt}"></audio>
  <figcaption>
    <strong>{prompt}</strong>
    <span class="facts">{" · ".join(html.escape(fact) for fact in facts(clip))}</span>
    <label class="loop"><input type="checkbox"> Loop</label>
  </figcaption>
</figure>"""


def facts(clip: Clip) -> list[str]:
    """Seed, seconds taken, model and adapter, length: what belongs under every result."""
    recipe = clip.recipe
    made_with = recipe.model or "unknown model"
    if recipe.adapter:
        made_with += f" + {recipe.adapter} × {1.0 if recipe.adapter_scale is None else recipe.adapter_scale:g}"
    seed = f"seed {recipe.seed}"
    if "variation_seed" in recipe.settings:
        seed += f" varied by {recipe.settings['variation_seed']}"
    taken = [] if clip.seconds_taken is None else [f"made in {clip.seconds_taken:.1f} s"]
    return [seed, *taken, made_with, f"{clip.seconds:.2f} s long"]


def _marks(ticks: list[tuple[float, str]], side: str) -> str:
    return "".join(f'<span style="{side}:{100 * share:.2f}%">{label}</span>' for share, label in ticks)


def _address(path: str) -> str:
    # Relative, so that it also holds behind a proxy that serves the page below another path.
    return f"gradio_api/file={quote(path)}"
