"""What mkdocs is told beyond mkdocs.yml: pages that lie elsewhere in the project, and the reference of every module.

A link from a page to a file of the project that is no page of the site becomes its name; a link to a file that does not
exist is left as it is, so that ``mkdocs build --strict`` fails on it.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGES = ("spectrogram", "dataset_builder", "training", "metrics", "bioacoustics", "model_card", "space")
# Pages of the site by where they lie in the project.
ELSEWHERE = {
    "README.md": "index.md",
    "base_model/README.md": "base_model_card.md",
    "metrics/README.md": "metrics_modules.md",
    "integrations/comfyui/README.md": "comfyui.md",
    "integrations/automatic1111/README.md": "automatic1111.md",
    "integrations/hub/README.md": "hub_pipeline.md",
    "notebooks/README.md": "notebooks.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)((?:#[^)\s]*)?)\)")


def on_files(files, config):
    """Add the pages that lie elsewhere, and one page of reference for every folder of modules."""
    for source, name in ELSEWHERE.items():
        path = ROOT / source
        if path.is_file():
            files.append(File.generated(config, name, content=_relinked(path.read_text(encoding="utf-8"), path, name)))
    for name, content in _reference().items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links of the pages in docs/ itself."""
    source = DOCS / page.file.src_uri
    return _relinked(markdown, source, page.file.src_uri) if page.file.generated_by is None else markdown


def _relinked(text: str, source: Path, name: str) -> str:
    """The text of the file ``source``, shown as the page ``name``, with links that lead to the site's own pages."""

    def changed(found):
        mark, title, target, rest = found.groups()
        if "://" in target or target.startswith(("mailto:", "/")):
            return found[0]
        path = (source.parent / target).resolve()
        if not path.exists() or not path.is_relative_to(ROOT):
            return found[0]
        inside = ELSEWHERE.get(path.relative_to(ROOT).as_posix())
        if inside is None and path.is_relative_to(DOCS) and path.is_file():
            inside = path.relative_to(DOCS).as_posix()
        if inside is None:
            return f"`{path.relative_to(ROOT).as_posix()}`" if title.startswith("`") or not title else title
        return f"{mark}[{title}]({posixpath.relpath(inside, posixpath.dirname(name) or '.')}{rest})"

    return LINK.sub(changed, text)


def _reference() -> dict[str, str]:
    """{page: text}: the modules of every folder, for mkdocstrings to fill from their docstrings, and a list of all."""
    pages, listed = {}, []
    for package in PACKAGES:
        folders: dict[str, list[str]] = {}
        for path in sorted((ROOT / package).rglob("*.py")):
            # The metrics' module folders are no packages: `evaluate` loads them by their path.
            if path.name in ("__main__.py", "app.py") or not (path.parent / "__init__.py").is_file():
                continue
            module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
            if path.name != "__init__.py" or path.stat().st_size > 200:
                folders.setdefault(path.parent.relative_to(ROOT).as_posix().replace("/", "."), []).append(module)
        for folder, modules in folders.items():
            name = f"reference/{folder}.md"
            pages[name] = f"# {folder}\n\n" + "\n\n".join(f"::: {module}" for module in modules) + "\n"
            listed.append(f"* [{folder}]({folder}.md): {', '.join(m.rpartition('.')[2] for m in modules)}")
    pages["reference/index.md"] = (
        "# Reference\n\nEvery function and class with its docstring, by folder.\n\n" + "\n".join(listed) + "\n"
    )
    return pages
