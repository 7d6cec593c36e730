// Building and changing the page. Text is always set as text, never as HTML: names of torrents are not trusted.

// Makes an element. An attribute that is a function is a listener; one that is false or null is left out.
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

// Changes nothing that is the same already, so as not to disturb selections and screen readers.
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

// Returns a function that renders items as the elements of `parent`, in their order. `make` returns {node, update} for
// an item; both are kept for as long as an item with the same key is in the list.
export function keyedList(parent, keyOf, make) {
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
    let next = parent.firstElementChild;
    for (const { node } of kept.values()) {
      if (node === next) {
        next = next.nextElementSibling;
      } else {
        parent.insertBefore(node, next);
      }
    }
    views = kept;
  };
}
