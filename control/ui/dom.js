// Building and changing the page. Text is always set as text: names of torrents come from strangers.

// An element with attributes and children; functions are listeners, false and null leave an attribute out.
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      node.addEventListener(name, value);
    } else if (value !== null && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

// Only what differs is touched, so that selections and screen readers are left in peace.
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
  node.hidden = text === "";
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

// Keeps the children of a node as a list wants them. `make` gives {node, update} for an item.
export function keyed(parent, keyOf, make) {
  let views = new Map();
  return (items) => {
    const kept = new Map();
    for (const item of items) {
      const view = views.get(keyOf(item)) ?? make(item);
      view.update(item);
      kept.set(keyOf(item), view);
    }
    for (const [key, view] of views) {
      if (!kept.has(key)) {
        view.node.remove();
      }
    }
    let place = parent.firstElementChild;
    for (const { node } of kept.values()) {
      if (node === place) {
        place = place.nextElementSibling;
      } else {
        parent.insertBefore(node, place);
      }
    }
    views = kept;
  };
}
