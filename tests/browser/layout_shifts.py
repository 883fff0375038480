"""How far a page moved by itself and when it painted its largest part, by the browser's own PerformanceObserver."""

from __future__ import annotations

from playwright.sync_api import Page

# For ``add_init_script``. A shift within half a second after a key or click is the visitor's own.
OBSERVE_SHIFTS = """
window.shifts = []; window.largestPaint = 0;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries()) {
    const moved = sources.map(({ node }) => node && (node.id || node.className || node.nodeName));
    if (!hadRecentInput) window.shifts.push({ value, moved });
  }
}).observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) window.largestPaint = startTime;
}).observe({ type: 'largest-contentful-paint', buffered: true });
"""


def layout_shift(page: Page) -> float:
    """The sum of all layout shifts since the page began to load."""
    return float(page.evaluate("window.shifts.reduce((sum, { value }) => sum + value, 0)"))
