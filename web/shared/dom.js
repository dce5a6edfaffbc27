/**
 * Building and changing elements without markup strings: text can never become code, and nothing is redrawn that has
 * not changed, so focus, typed words and playing pictures survive every update.
 */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * @typedef {object} Props
 * @property {string} [class]
 * @property {string} [text]
 * @property {Record<string, (event: any) => void>} [on]
 */

/**
 * Create an element. Attributes are strings; `true` sets an empty attribute, `false` and `undefined` leave it out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props & Record<string, any>} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value))
        element.addEventListener(event, /** @type {any} */ (listener));
    } else if (name === "text") {
      element.textContent = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children.flat()) {
    if (child) element.append(child);
  }
  return element;
}

/**
 * Set text only when it differs: a live region speaks each time its text is set.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {HTMLElement} element
 * @param {boolean} visible
 */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value null removes the attribute
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/**
 * Keep one child per item, in order; children are made once, updated in place, and removed when their item is gone.
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => { element: HTMLElement, update: (item: T) => void }} make
 */
export function keyed(parent, items, keyOf, make) {
  /** @type {Map<string, { element: HTMLElement, update: (item: T) => void }>} */
  const known = /** @type {any} */ (parent).keyedChildren ?? new Map();
  /** @type {any} */ (parent).keyedChildren = known;
  const wanted = new Set(items.map(keyOf));
  for (const [key, child] of known) {
    if (!wanted.has(key)) {
      child.element.remove();
      known.delete(key);
    }
  }
  /** @type {Element | null} */
  let before = null;
  for (const item of items) {
    const key = keyOf(item);
    let child = known.get(key);
    if (!child) {
      child = make(item);
      known.set(key, child);
    }
    child.update(item);
    /** @type {Element | null} */
    const expected = before ? before.nextElementSibling : parent.firstElementChild;
    if (expected !== child.element) parent.insertBefore(child.element, expected);
    before = child.element;
  }
}

/**
 * Say something through the page's polite live region (screen readers, braille lines).
 * @param {string} text
 */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) setText(region, text);
}
