"""Checks that run in the browser and return what is wrong, in sentences: a small part of WCAG 2.2, the part that can be
computed. The formula of contrast is that of WCAG 2.2, "relative luminance" and success criterion 1.4.3."""

STRUCTURE = """() => {
  const wrong = [], all = selector => [...document.querySelectorAll(selector)];
  const name = node => (node.getAttribute('aria-label') || node.innerText || node.textContent || '').trim();
  if (all('h1').length !== 1) wrong.push(`${all('h1').length} headings of the first level`);
  let last = 0;
  for (const node of all('h1, h2, h3, h4, h5, h6')) {
    const level = Number(node.tagName[1]);
    if (level > last + 1) wrong.push(`heading '${name(node)}' skips from level ${last} to ${level}`);
    if (!name(node)) wrong.push('an empty heading');
    last = level;
  }
  if (!document.documentElement.lang) wrong.push('the page has no language');
  if (!document.title.trim()) wrong.push('the page has no title');
  if (all('main').length !== 1) wrong.push('not exactly one main part');
  for (const node of all('a[href], button, summary')) if (!name(node)) wrong.push(`${node.outerHTML} has no name`);
  for (const node of all('input:not([type=hidden]), select, textarea'))
    if (!node.labels.length && !node.getAttribute('aria-label')) wrong.push(`${node.outerHTML} has no label`);
  for (const node of all('progress, meter'))
    if (!node.getAttribute('aria-label')) wrong.push(`${node.outerHTML} has no label`);
  for (const node of all('img')) if (!node.hasAttribute('alt')) wrong.push(`${node.outerHTML} has no alternative`);
  for (const node of all('table')) {
    if (!node.caption || !node.caption.textContent.trim()) wrong.push('a table has no caption');
    for (const head of node.querySelectorAll('th')) if (!head.scope) wrong.push(`'${name(head)}' has no scope`);
    if (!node.querySelector('th[scope=col]')) wrong.push('a table has no column headings');
  }
  for (const node of all('[tabindex]'))
    if (Number(node.getAttribute('tabindex')) > 0) wrong.push('a forced order of tabs');
  for (const node of all('[role=region]')) {
    const by = node.getAttribute('aria-labelledby');
    if (!node.getAttribute('aria-label') && !(by && document.getElementById(by))) wrong.push('a region has no name');
  }
  const ids = all('[id]').map(node => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`the id ${id} stands twice`);
  for (const node of all('a[href^="#"]'))
    if (!document.getElementById(node.hash.slice(1))) wrong.push(`${node.hash} leads nowhere`);
  for (const node of all('nav a, button')) {
    const box = node.getBoundingClientRect();
    if (box.height < 24) wrong.push(`'${name(node)}' is ${box.height} pixels high`);
  }
  return wrong;
}"""
"""Headings, names, labels, tables, regions, ids and the size of what is pressed."""

CONTRAST = """() => {
  const wrong = [];
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const found = parts(getComputedStyle(node).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
      if (found[3] !== 0) return null;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.getClientRects().length) continue;
    const style = getComputedStyle(node), under = ground(node), ink = parts(style.color);
    if (under === null || (ink.length > 3 && ink[3] !== 1)) {
      wrong.push(`${node.className}: half transparent`);
      continue;
    }
    const [high, low] = [light(ink), light(under)].sort((one, other) => other - one);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (large ? 3 : 4.5)) wrong.push(`'${node.textContent.trim().slice(0, 30)}': ${ratio.toFixed(2)} to 1`);
  }
  return wrong;
}"""
"""Text against its ground: at least 4.5 to 1, large text 3 to 1."""
