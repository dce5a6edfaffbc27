"""What can be measured of a page's layout: nothing beside the window, no text cut, every control large and in reach."""

from __future__ import annotations

from playwright.async_api import Page

LEAST_TARGET_PX = 44
LEAST_TEXT_PX = 17

_FAULTS = """({ leastTarget, leastText, reach }) => {
  const faults = [];
  const root = document.documentElement;
  const tell = (what, element) => {
    const words = (element.getAttribute("aria-label") || element.textContent || "").trim().slice(0, 24);
    faults.push(`${what}: ${element.tagName.toLowerCase()}.${[...element.classList].join(".")} "${words}"`);
  };
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const scrolls = (element, axis) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (/auto|scroll/.test(axis === "x" ? style.overflowX : style.overflowY)) return true;
    }
    return false;
  };
  if (root.scrollWidth > root.clientWidth) faults.push(`${root.scrollWidth - root.clientWidth} px too wide`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !shown(element) || element.closest(".visually-hidden, option, script, style")) continue;
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < leastText - 0.01) tell(`text of ${size} px`, element);
    const away = box.left < -1 || box.right > root.clientWidth + 1;
    if (away && !scrolls(element, "x")) tell("text beside the window", element);
    const frame = element.closest("button, .button, .pill, .card, .notice, td, th");
    const out = frame?.getBoundingClientRect();
    // A font's box is higher than its signs: some of it may lie over the frame without anything being cut.
    const beside = out && (box.left < out.left - 1 || box.right > out.right + 1);
    const below = out && (box.top < out.top - size / 3 || box.bottom > out.bottom + size / 3);
    const outside = (beside && !scrolls(element, "x")) || (below && !scrolls(element, "y"));
    if (outside) tell("text outside its frame", element);
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      const hides = (way) => way === "hidden" || way === "clip";
      const wide = hides(style.overflowX) && at.scrollWidth > at.clientWidth + 1;
      const high = hides(style.overflowY) && at.scrollHeight > at.clientHeight + 1;
      if (wide || high) {
        tell("text cut", at);
        break;
      }
    }
  }

  for (const newest of document.querySelectorAll(".lines > p:last-child, .lines > div > :last-child")) {
    const strip = newest.closest(".lines");
    const hidden = newest.getBoundingClientRect().bottom > strip.getBoundingClientRect().bottom + 2;
    if (hidden && shown(newest)) tell("newest line hidden", newest);
  }

  const controls = [...document.querySelectorAll("button, a[href], summary, input, select, textarea")].filter(shown);
  for (const control of controls) {
    const box = (control.closest("label") ?? control).getBoundingClientRect();
    const small = box.width < leastTarget - 0.5 || box.height < leastTarget - 0.5;
    if (small) tell(`target of ${Math.round(box.width)} x ${Math.round(box.height)} px`, control);
  }
  if (reach) {
    const back = [scrollX, scrollY];
    for (const control of controls) {
      control.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      const box = control.getBoundingClientRect();
      const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      const label = control.closest("label");
      const reached = hit && (control.contains(hit) || hit.contains(control) || label?.contains(hit));
      if (!reached) tell("out of reach", control);
    }
    scrollTo(...back);
  }
  return [...new Set(faults)];
}"""


async def faults(page: Page, *, least_text_px: float = 0, reach: bool = False) -> list[str]:
    """Return what is wrong with the layout, one line for each element; `reach` brings every control into view.

    `least_text_px` is the size under which no text may be. Source: WCAG 2.2, 1.4.10, 1.4.12 and 2.5.5; PAGES.md.
    """
    wish = {"leastTarget": LEAST_TARGET_PX, "leastText": least_text_px, "reach": reach}
    found: list[str] = await page.evaluate(_FAULTS, wish)
    return found
