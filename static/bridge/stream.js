// The stream of session events, read once for all tabs of a host: the tab that holds the lock reads, the
// others are told. For hosts whose backend relays it from their own origin; a page in a browser of its
// own can read it from Portico with its token.
//
// It says what it heard and asks again after a cut. What follows from an event is its caller's business
// (host.js locks). docs/bridge.md is its guide.
;((root, make) => {
  const PorticoStream = make(root)
  if (typeof module === 'object' && module.exports) module.exports = PorticoStream
  else root.PorticoStream = PorticoStream
})(globalThis, (root) => {
  'use strict'
  const MAX_LINE = 65536
  // A comment comes every 15 s.
  const SILENCE_MS = 20000
  const MAX_PAUSE_MS = 5000

  const ENDS = ['session_expired', 'session_ended', 'user_changed']
  /** Whether an event of the host's stream ends everything; one that names a program ends that alone. */
  const endsAll = (name, data) => ENDS.includes(name) && data.client_id === undefined

  /** The events of a text/event-stream, one after the other (HTML, "Interpreting an event stream"). */
  async function* events(body, signal) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    const stop = () => reader.cancel().catch(() => {})
    signal?.addEventListener('abort', stop)
    let rest = ''
    let event = {}
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        const lines = (rest + value).split(/\r\n|\n|\r(?!$)/)
        rest = lines.pop()
        if (rest.length > MAX_LINE) throw new Error('the line is too long')
        for (const line of lines) {
          const [, field, text] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []
          if (line === '') {
            if (event.data !== undefined || event.id !== undefined) yield event
            event = {}
          } else if (field === 'data') event.data = event.data === undefined ? (text ?? '') : `${event.data}\n${text ?? ''}`
          else if (field === 'event' || field === 'id') event[field] = text ?? ''
          else if (field === '') yield {}
        }
      }
    } finally {
      stop()
    }
  }

  /**
   * Follows the stream of a person. `uri` is an address of the host's own backend, or a function
   * `(signal, last_id) => Response`; `heard(name, data)` hears. It ends with the session, or by `close`.
   */
  function follow({ account, uri, heard }, env = root) {
    const open = (signal, id) =>
      env.fetch(uri, { signal, cache: 'no-store', headers: { accept: 'text/event-stream', ...(id && { 'last-event-id': id }) } })
    const name = `portico:${account}`
    const over = new AbortController()
    const channel = env.BroadcastChannel ? new env.BroadcastChannel(name) : null
    let last_id, last, current, leads, wake, at_once

    function pass(name, data, id) {
      last_id = id ?? last_id
      if (data === undefined) return void channel?.postMessage({ id })
      if (name === 'ready' || endsAll(name, data)) last = { name, data }
      channel?.postMessage({ name, data, id })
      heard(name, data)
    }

    /** Reads one answer to its end. */
    async function read() {
      at_once = false
      const { signal } = (current = new AbortController())
      const stop = () => current.abort()
      let watch
      const awake = () => {
        env.clearTimeout(watch)
        watch = env.setTimeout(stop, SILENCE_MS)
      }
      try {
        awake()
        const answer = await (typeof uri === 'string' ? open : uri)(signal, last_id)
        if (answer.status === 401) pass('session_ended', { reason: 'logout' })
        else if (answer.ok) {
          for await (const { event, id, data } of events(answer.body, signal)) {
            awake()
            if (event || id !== undefined) pass(event, event && data && JSON.parse(data), id)
            if (hasEnded()) break
          }
        }
      } catch {
        // It was cut, or the network is away: programs stay, and it is asked again.
      }
      env.clearTimeout(watch)
      stop()
    }

    const hasEnded = () => last !== undefined && last.name !== 'ready'
    async function lead() {
      leads = true
      for (;;) {
        if (hasEnded()) last = last_id = undefined
        await read()
        if (over.signal.aborted) return
        if (at_once) continue
        // After an end it asks again only when another tab begins, because somebody has signed in there.
        await new Promise((done) => {
          wake = done
          if (!hasEnded()) env.setTimeout(done, 1000 + Math.random() * (MAX_PAUSE_MS - 1000))
        })
      }
    }

    const check = () => {
      at_once = true
      wake?.()
      current?.abort()
    }
    if (channel) {
      channel.onmessage = ({ data: { ask, name, data, id } }) => {
        last_id = id ?? last_id
        if (name) heard(name, data)
        else if (!leads) return
        else if (ask === 'check' || hasEnded()) check()
        else if (last) channel.postMessage(last)
      }
      channel.postMessage({ ask: 'state' })
    }
    const locks = env.navigator?.locks
    if (locks && channel) locks.request(name, { signal: over.signal }, lead).catch(() => {})
    else lead()
    return {
      /** Asks for a fresh `ready`, after this device may have slept. */
      check: () => (leads ? check() : channel?.postMessage({ ask: 'check' })),
      close() {
        over.abort()
        current?.abort()
        wake?.()
        channel?.close()
      },
    }
  }

  return { events, follow }
})
