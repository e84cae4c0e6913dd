// Makes `live` equal to `fresh` while keeping every node that is already right, so that focus, scroll position, open
// details and the map survive an update. Nodes with an id or a data-place are found again by it, wherever they moved.

export function morph(live, fresh) {
  if (live.nodeType !== fresh.nodeType || live.nodeName !== fresh.nodeName) {
    live.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (live.nodeType !== Node.ELEMENT_NODE) {
    if (live.nodeValue !== fresh.nodeValue) live.nodeValue = fresh.nodeValue;
    return;
  }
  attributes(live, fresh);
  if (!live.hasAttribute("data-keep")) children(live, fresh);
}

// Attributes that the reader or a script of ours has set are the page's own.
const OURS = new Set(["open", "hidden"]);

function attributes(live, fresh) {
  for (const { name } of [...live.attributes]) {
    if (!fresh.hasAttribute(name) && !OURS.has(name)) live.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (live.getAttribute(name) !== value && !OURS.has(name)) live.setAttribute(name, value);
  }
}

function children(live, fresh) {
  const known = new Map([...live.children].filter((node) => node.id).map((node) => [node.id, node]));
  const wanted = new Set([...fresh.children].map((node) => node.id).filter(Boolean));
  let here = live.firstChild;
  for (const next of [...fresh.childNodes]) {
    const same = next.id && known.get(next.id);
    // What the fresh page no longer has stands in the way of a match by position.
    while (!same && here && here.id && !wanted.has(here.id) && next.id) here = drop(here);
    if (same && same !== here) live.insertBefore(same, here);
    if (same) {
      here = same.nextSibling;
      morph(same, next);
    } else if (here && !here.id && !next.id) {
      const after = here.nextSibling;
      morph(here, next);
      here = after;
    } else {
      live.insertBefore(document.importNode(next, true), here);
    }
  }
  while (here) here = drop(here);
}

function drop(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}
