// A window as portico.js needs one, without a browser: what it sends is kept, time stands still.

/** The `crypto` draws zeros: the page's nonce is the vectors' `$page1`. */
export function windowOf(more = {}) {
  const page = {
    crypto: { getRandomValues: (bytes) => bytes.fill(0) },
    setTimeout: (act, ms) => page.timers.push({ act, ms }) - 1,
    clearTimeout: (id) => delete page.timers[id],
    timers: [],
    listeners: [],
    addEventListener: (name, listener) => name === 'message' && page.listeners.push(listener),
    reportError: (error) => page.reported.push(error),
    reported: [],
    location: { pathname: '/', search: '', assign: (url) => page.visited.push(url), reload: () => page.visited.push('reload') },
    visited: [],
    ...more,
  }
  page.parent ??= page
  return page
}
