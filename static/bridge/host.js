// The bridge, host side, for hosts that are web pages: mini-programs in frames, and the lock that this
// side draws over them whatever a program does.
//
// It keeps no token: the host's backend launches, and relays the stream of session events, which
// stream.js reads. `bind` is the part that judges messages, without a browser, for kits in JavaScript
// as well. docs/bridge.md is its guide, sdk/vectors what every implementation is held to, portico.js the
// other side.
;((root, make) => {
  const PorticoHost = make(root)
  if (typeof module === 'object' && module.exports) module.exports = PorticoHost
  else root.PorticoHost = PorticoHost
})(globalThis, (root) => {
  'use strict'
  const MAX_BYTES = 65536
  const NONCE = /^[\w-]{22,64}$/
  const ERROR = /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/
  const NAME = /^[a-z][a-z0-9_]{0,63}$/
  const PATH = /^\/(?![/\\])[^\t\n\r\\]*$/
  const MAX_MS = 300000
  const UNAVAILABLE = 'temporarily_unavailable'
  const MAX_CALLS = 32
  const MAX_DOCUMENTS = 256
  const AWAY_MS = 30000

  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const isText = (value) => typeof value === 'string'
  const isId = (value) => Number.isSafeInteger(value) && value > 0
  const isNonce = (value) => isText(value) && NONCE.test(value)
  const bound = (m) => isNonce(m.page_nonce) && isNonce(m.host_nonce) && isId(m.id)
  const FORMS = {
    __proto__: null,
    hello: (m) => isNonce(m.page_nonce) && isText(m.client_id),
    call: (m) =>
      bound(m) && isText(m.method) && NAME.test(m.method) && (m.params === undefined || isObject(m.params)) &&
      (m.timeout_ms === undefined || isId(m.timeout_ms)),
    cancel: bound,
  }

  const fits = (text) => text.length <= MAX_BYTES && new TextEncoder().encode(text).length <= MAX_BYTES

  /** A message of a page, or null: it is too long, no JSON, or has another form. */
  function parse(text) {
    if (!isText(text) || !fits(text)) return null
    try {
      const message = JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value))
      return isObject(message) && message.portico === 1 && isText(message.type) && FORMS[message.type]?.(message) ? message : null
    } catch {
      return null
    }
  }

  function drawNonce() {
    const bytes = root.crypto.getRandomValues(new Uint8Array(18))
    return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_')
  }

  /**
   * What one instance (a frame, a WebView) of one client may say and hears. The right to call is the
   * instance's, the client's, the sender's origin's and the main frame's together, for each message.
   */
  function bind({ client_id, origins, methods, sid = null, locked = false, context = {}, addressed = true, call, send, nonce = drawNonce }) {
    const seen = new Set()
    const pending = new Set()
    let page_nonce = null
    let host_nonce
    let last_id

    const say = (message) => send(JSON.stringify({ portico: 1, ...message }), message.type)
    const tell = (message) => page_nonce !== null && say({ page_nonce, host_nonce, ...message })
    const welcome = () => {
      host_nonce = nonce()
      tell({ type: 'welcome', client_id, sid, methods, locked, context })
    }
    const event = (name, data = {}) => tell({ type: 'event', name, data })

    // A call, not its number: the next document counts from 1 again.
    function end(running, how) {
      if (!pending.delete(running)) return
      clearTimeout(running.timer)
      running.controller.abort()
      if (how) running.answer(how)
    }

    /** Forgets the document: whoever comes next in this instance gets nothing that it asked for. */
    function retire() {
      pending.forEach((running) => end(running))
      page_nonce = null
    }

    function hello(message, refused) {
      // The document is another one, wherever it came from: what the former one asked for is void.
      if (refused) retire()
      if (refused || message.client_id !== client_id) {
        return say({ type: 'refused', page_nonce: message.page_nonce, error: 'origin_not_allowed' })
      }
      if (seen.has(message.page_nonce)) return
      seen.add(message.page_nonce)
      if (seen.size > MAX_DOCUMENTS) seen.delete(seen.values().next().value)
      retire()
      page_nonce = message.page_nonce
      last_id = 0
      welcome()
    }

    function refusal(method, params) {
      if (locked) return 'locked'
      if (!methods.includes(method)) return 'unsupported_method'
      // What answers cannot be addressed to the document that asked must be useless to any other.
      if (!addressed && method === 'token' && !params.dpop_jkt) return 'unsupported_method'
      if (!addressed && method === 'login' && !params.code_challenge) return 'invalid_request'
      return pending.size < MAX_CALLS ? null : UNAVAILABLE
    }

    function run({ id, method, params = {}, timeout_ms = MAX_MS }) {
      const from = { page_nonce, host_nonce }
      const answer = (how) => say({ type: 'result', ...from, id, ...how })
      const error = refusal(method, params)
      if (error) return answer({ error })
      const controller = new AbortController()
      const running = { id, controller, answer }
      const finish = (how) => end(running, how)
      running.timer = setTimeout(finish, Math.min(timeout_ms, MAX_MS), { error: UNAVAILABLE })
      pending.add(running)
      const result = new Promise((settle) => settle(call(method, params, { signal: controller.signal })))
      result.then(
        (value) => {
          const result = isObject(value) ? value : {}
          // What stands around it is shorter than a kilobyte.
          finish(fits(JSON.stringify(result) + ' '.repeat(1000)) ? { result } : { error: 'server_error' })
        },
        (thrown) => {
          const { error, error_description: said } = isText(thrown?.error) && ERROR.test(thrown.error) ? thrown : { error: 'server_error' }
          finish(isText(said) ? { error, error_description: said.slice(0, 500) } : { error })
        },
      )
    }

    return {
      /** Judges a text that `sender` ({instance, main_frame, origin}) sent. */
      receive(sender, text) {
        if (sender.instance !== true || sender.main_frame !== true) return
        const message = parse(text)
        if (!message) return
        const refused = !origins.includes(sender.origin)
        if (message.type === 'hello') return hello(message, refused)
        if (refused || message.page_nonce !== page_nonce || message.host_nonce !== host_nonce) return
        if (message.type === 'cancel') return pending.forEach((running) => running.id === message.id && end(running))
        if (message.id <= last_id) return
        last_id = message.id
        run(message)
      },
      retire,
      event,
      /** Which stay the exchange said it is: the next document is welcomed to it. */
      at: (now) => (sid = now),
      lock(reason) {
        if (locked) return
        locked = true
        pending.forEach((running) => end(running, { error: 'locked' }))
        event('session_expired', { reason })
      },
      /** The same person is signed in again, with what the program's `sid` is now. */
      unlock(now) {
        sid = now
        locked = false
        welcome()
        event('unlocked')
      },
      context(now) {
        context = now
        event('context_changed', context)
      },
    }
  }

  // The events of the host's stream that end a stay; one that names a program ends that alone.
  const ENDS = ['session_expired', 'session_ended', 'user_changed']

  /** A host's page: programs in frames inside `container`, their lock, the sheet, the way back. */
  function create({ container, account, follow, call, heard = () => {}, draw = () => {}, context = {} }, page = root) {
    const { document } = page
    const programs = new Set()
    const layers = []
    let locked = null
    let sheet_up = false
    let shown = null
    let follower, expiry, away, endSheet

    function element(tag, name, style, parent) {
      const made = document.createElement(tag)
      made.className = `portico-${name}`
      // Set one by one, which a content security policy without inline styles allows.
      Object.assign(made.style, { position: 'absolute', inset: 0, width: '100%', height: '100%', border: 0 }, style)
      parent.append(made)
      return made
    }
    const frameOf = (parent, title, src) => {
      const frame = element('iframe', 'frame', {}, parent)
      frame.sandbox = 'allow-scripts allow-same-origin allow-forms'
      frame.referrerPolicy = 'no-referrer'
      frame.title = title
      frame.src = src
      return frame
    }

    // What the back gesture takes away, one after the other; an entry of the history for each.
    function enter(layer) {
      layers.push(layer)
      page.history.pushState({ ...page.history.state, portico: layers.length }, '')
    }
    function leave(layer) {
      const at = layers.lastIndexOf(layer)
      if (at < 0) return
      if (at === layers.length - 1) page.history.back()
      layers.splice(at, 1)
    }
    function popped({ state }) {
      const before = layers.length
      while (layers.length > (state?.portico ?? 0)) layers.pop().back()
      if (layers.length < before) layers.at(-1)?.show?.()
    }

    const paint = () => programs.forEach((program) => program.paint())

    /** The consent sheet, over everything. Resolves to what it ended with, which is a hint. */
    function sheet({ interaction_uri, interaction }) {
      if (sheet_up) return Promise.reject({ error: UNAVAILABLE })
      if (document.fullscreenElement) document.exitFullscreen()
      const box = element('div', 'sheet', { zIndex: 2 }, container)
      box.role = 'dialog'
      box.ariaModal = 'true'
      box.ariaLabel = 'Portico'
      sheet_up = true
      paint()
      const frame = frameOf(box, 'Portico', interaction_uri)
      const { origin } = new URL(interaction_uri)
      frame.focus()
      return new Promise((resolve) => {
        const done = (result) => {
          page.removeEventListener('message', listen)
          box.remove()
          sheet_up = false
          paint()
          leave(layer)
          shown?.focus()
          resolve(result)
        }
        const layer = { back: () => done('later') }
        const listen = ({ source, origin: from, data }) => {
          if (source !== frame.contentWindow || from !== origin || data?.portico !== 1 || data.type !== 'interaction') return
          if (interaction === undefined || data.interaction === interaction) done(data.result)
        }
        page.addEventListener('message', listen)
        endSheet = done
        enter(layer)
      })
    }

    async function ask(program, method, params, how, again) {
      try {
        return await call(program, method, params, how)
      } catch (refusal) {
        if (!again || refusal?.error !== 'consent_required' || !refusal.interaction_uri) throw refusal
        // Nobody answers for a program that they do not see.
        if (shown !== program) throw { error: 'interaction_required' }
        const result = await sheet(refusal)
        if (!/^(allowed|partial|denied)$/.test(result)) throw { error: 'access_denied' }
        return ask(program, method, params, how, false)
      }
    }

    /** Opens a program as the host's backend described it. */
    function open({ client_id, client_name = '', sid = null, entry_uri, origins, path = '/', params = {}, from = null, methods }) {
      if (locked) throw { error: 'locked' }
      // A frame of the host's own origin could lift its sandbox.
      if (!origins.includes(new URL(entry_uri).origin) || origins.includes(page.origin) || !PATH.test(path)) {
        throw new TypeError('entry_uri, origins and path do not fit')
      }
      const box = element('div', 'program', {}, container)
      const cover = element('div', 'cover', { zIndex: 1, background: 'Canvas' }, box)
      cover.tabIndex = -1
      let reason = null
      let covered = false
      let channel
      // To the document of this origin, if it is still there.
      const post = (text, ports) => frame.contentWindow.postMessage(text, channel.sender.origin, ports)
      const own = () => ({ ...context, path, params, from })
      const binding = bind({
        client_id,
        origins,
        methods: methods ?? ['login', 'request', 'context', 'logout'],
        sid,
        context: own(),
        async call(method, params, how) {
          if (method === 'context') return own()
          const { sid, ...result } = (await ask(program, method, params, how, true)) ?? {}
          if (sid) binding.at(sid)
          return result
        },
        send(text, type) {
          if (type === 'welcome' && channel.fresh) {
            channel.port?.port1.close()
            channel.port = new MessageChannel()
            const { sender, port } = channel
            port.port1.onmessage = ({ data }) => binding.receive(sender, data)
            channel.fresh = false
            post(text, [port.port2])
          } else if (type === 'refused') post(text)
          else channel.port.port1.postMessage(text)
        },
      })
      const listen = ({ source, origin, data }) => {
        if (source !== frame.contentWindow || parse(data)?.type !== 'hello') return
        const before = channel
        channel = { sender: { instance: true, main_frame: true, origin }, fresh: true, port: before?.port }
        binding.receive(channel.sender, data)
        if (channel.fresh) channel = before
      }
      const program = {
        client_id,
        /** Draws what is so now: covered, inert, visible. */
        paint() {
          const hidden = reason !== null || covered
          cover.hidden = !hidden
          frame.inert = hidden || sheet_up
          frame.style.visibility = hidden ? 'hidden' : ''
        },
        cover(yes) {
          covered = yes
          program.paint()
        },
        lock(why) {
          if (reason !== null) return
          reason = why
          program.paint()
          draw(cover, why, program)
          if (shown === program) cover.focus()
          binding.lock(why)
        },
        unlock(now) {
          reason = null
          binding.unlock(now)
          program.paint()
        },
        event: binding.event,
        context: () => binding.context(own()),
        focus: () => frame.focus(),
        show() {
          if (shown === program) return
          shown?.back()
          shown = program
          box.hidden = false
          binding.event('shown')
          frame.focus()
          if (layers.at(-1) !== program) enter(program)
        },
        back() {
          if (shown !== program) return
          shown = null
          box.hidden = true
          binding.event('hidden')
        },
        hide() {
          program.back()
          leave(program)
        },
        close() {
          leave(program)
          page.removeEventListener('message', listen)
          binding.retire()
          programs.delete(program)
          if (shown === program) shown = null
          box.remove()
        },
      }
      page.addEventListener('message', listen)
      programs.add(program)
      // Before there is a frame, so that going back moves none.
      enter(program)
      const frame = frameOf(box, client_name, entry_uri)
      program.paint()
      program.show()
      return program
    }

    function lock(reason, client_id) {
      if (client_id === undefined) locked = reason
      if (sheet_up) endSheet('ended')
      programs.forEach((program) => {
        if (client_id === undefined || program.client_id === client_id) program.lock(reason)
      })
    }

    /** Locks here when the session's time is up, also without a network and whatever this clock says. */
    function expires(left) {
      page.clearTimeout(expiry)
      if (left <= 0) return lock('expired')
      // A timer counts to 24 days; a session may be longer.
      const most = 2 ** 31 - 1
      expiry = page.setTimeout(() => expires(left - most), Math.min(left, most))
    }

    function hear(name, data) {
      if (ENDS.includes(name)) {
        lock(data.reason ?? (name === 'user_changed' ? name : 'expired'), data.client_id)
        // Somebody else is here now: nothing of the person before stays, not even under a cover.
        if (name === 'user_changed') programs.forEach((program) => program.close())
      }
      else if (name === 'mini_program_suspended') lock('suspended', data.client_id)
      else if (name === 'ready') {
        if (data.session_expires_at) expires(data.session_expires_at - data.at)
        programs.forEach((program) => program.cover(false))
      } else if (name === 'grant_changed') {
        const { client_id, ...change } = data
        programs.forEach((program) => program.client_id === client_id && program.event(name, change))
      }
      heard(name, data)
    }

    function seen() {
      const name = document.hidden ? 'hidden' : 'shown'
      shown?.event(name)
      if (document.hidden) away = Date.now()
      else if (Date.now() - away >= AWAY_MS) {
        programs.forEach((program) => program.cover(true))
        follower.check()
      }
    }

    function begin(person) {
      account = person
      follower?.close()
      follower = follow(person, hear)
    }

    page.addEventListener('popstate', popped)
    document.addEventListener('visibilitychange', seen)
    begin(account)
    return {
      open,
      sheet,
      lock,
      /** Somebody signed in: the same person goes on, another one finds nothing of the one before. */
      signedIn({ account: person, sids = {} }) {
        locked = null
        for (const program of [...programs]) {
          const sid = person === account ? sids[program.client_id] : undefined
          if (sid === undefined) program.close()
          else program.unlock(sid)
        }
        begin(person)
      },
      setContext(now) {
        context = now
        programs.forEach((program) => program.context())
      },
      programs: () => [...programs],
      close() {
        programs.forEach((program) => program.close())
        follower.close()
        page.clearTimeout(expiry)
        page.removeEventListener('popstate', popped)
        document.removeEventListener('visibilitychange', seen)
      },
    }
  }

  return { bind, create, parse }
})
