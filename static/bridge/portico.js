// The bridge, page side: what a mini-program's page loads to speak with the super app around it.
//
// It finds the way to the host, shakes hands, and keeps what the contract demands of a page: messages
// of one document and one host only, locked until the host says otherwise, locked again at the end of
// the session. It keeps no token and draws nothing. docs/bridge.md is its guide, sdk/vectors what
// every implementation is held to, host.js the other side.
;((root, make) => {
  const Portico = make(root)
  if (typeof module === 'object' && module.exports) module.exports = Portico
  else root.Portico = Portico
})(globalThis, (root) => {
  'use strict'
  const MAX_BYTES = 65536
  const NONCE = /^[\w-]{22,64}$/
  const ERROR = /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/
  const NAME = /^[a-z][a-z0-9_]{0,63}$/
  // A path of the page's own origin: browsers read a backslash as a slash, and leave tabs and line ends out.
  const PATH = /^\/(?![/\\])[^\t\n\r\\]*$/
  const HANDSHAKE_MS = 10000
  const CALL_MS = 60000
  // A script that was loaded from Portico knows where that is.
  const home = root.document?.currentScript?.src?.split('/static/bridge/')

  class PorticoError extends Error {
    constructor(error, description) {
      super(description ? `${error}: ${description}` : error)
      this.name = 'PorticoError'
      this.error = error
      this.error_description = description
    }
  }

  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const isText = (value) => typeof value === 'string'
  const isId = (value) => Number.isSafeInteger(value) && value > 0
  const isOptional = (check, value) => value === undefined || check(value)
  const isContext = (value) => isObject(value) && isOptional((path) => isText(path) && PATH.test(path), value.path)
  const bound = (m) => isText(m.page_nonce) && isText(m.host_nonce) && NONCE.test(m.host_nonce)

  // What a host may say, and the form of each.
  const FORMS = {
    __proto__: null,
    welcome: (m) =>
      bound(m) && isText(m.client_id) && (m.sid === null || isText(m.sid)) && typeof m.locked === 'boolean' &&
      Array.isArray(m.methods) && m.methods.every((name) => isText(name) && NAME.test(name)) && isContext(m.context),
    refused: (m) => isText(m.page_nonce) && isText(m.error) && ERROR.test(m.error),
    result: (m) =>
      bound(m) && isId(m.id) && isOptional(isText, m.error_description) &&
      ('error' in m ? isText(m.error) && ERROR.test(m.error) && !('result' in m) : isObject(m.result)),
    event: (m) => bound(m) && isText(m.name) && NAME.test(m.name) && isOptional(isObject, m.data) &&
      (m.name !== 'context_changed' || isContext(m.data)),
  }

  const fits = (text) => text.length <= MAX_BYTES && new TextEncoder().encode(text).length <= MAX_BYTES

  /** A message of a host, or null: it is too long, no JSON, or has another form. */
  function parse(text) {
    if (!isText(text) || !fits(text)) return null
    try {
      const message = JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value))
      return isObject(message) && message.portico === 1 && isText(message.type) && FORMS[message.type]?.(message) ? message : null
    } catch {
      return null
    }
  }

  // Native hosts without a listener of their own call Portico.receive; every message names its document.
  const receivers = new Set()

  /** The native object that a kit injects; an element or a window of that name is none. */
  function injected(object) {
    return typeof object?.postMessage === 'function' && object.window === undefined ? object : null
  }

  /** The way to the host. In a frame it is always the parent: what a kit injects is for the main frame. */
  function wayOut(page) {
    if (page.parent !== page) return { name: 'frame' }
    const webkit = injected(page.webkit?.messageHandlers?.porticoBridge)
    if (webkit) {
      return { name: 'webkit', send: (text, receive) => webkit.postMessage(text)?.then?.(receive, () => {}) }
    }
    const object = injected(page.porticoBridge)
    if (object) {
      const listens = 'onmessage' in object
      return {
        name: listens ? 'listener' : 'channel',
        begin: (receive) => listens && (object.onmessage = ({ data }) => receive(data)),
        send: (text) => object.postMessage(text),
      }
    }
    const native = injected(page.ReactNativeWebView)
    if (native) return { name: 'react-native', send: (text) => native.postMessage(text) }
    return { name: 'browser' }
  }

  async function document_of(page, issuer, name) {
    const base = issuer?.replace(/\/$/, '')
    if (!base) throw new PorticoError('invalid_request', 'issuer is missing')
    const answer = await page.fetch(`${base}/.well-known/${name}`, { credentials: 'omit' })
    const found = answer.ok ? await answer.json() : {}
    if (found.issuer?.replace(/\/$/, '') !== base) {
      throw new PorticoError('temporarily_unavailable', `no ${name} of ${issuer}`)
    }
    return found
  }

  /** Connects this document with its host. */
  function connect(options, page = root) {
    const { client_id, redirect_uri, dropSession } = options
    const issuer = options.issuer ?? (home?.length === 2 ? home[0] : undefined)
    if (!isText(client_id) || !client_id) throw new TypeError('client_id is missing')
    if (options.sid != null && !dropSession) throw new TypeError('a page with a session says how it is dropped')
    const page_nonce = btoa(String.fromCharCode(...page.crypto.getRandomValues(new Uint8Array(18))))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
    const way = wayOut(page)
    const pending = new Map()
    const listeners = new Map()
    const state = { transport: way.name, sid: null, locked: true, methods: [], context: {} }
    let own_sid = options.sid ?? null
    let host_nonce = null
    let last_id = 0
    let stay = 0
    let welcomed, failed
    const ready = new Promise((resolve, reject) => ([welcomed, failed] = [resolve, reject]))
    ready.catch(() => {})
    const timer = page.setTimeout(
      () => failed(new PorticoError('temporarily_unavailable', 'no host answered')),
      options.timeout_ms ?? HANDSHAKE_MS,
    )

    const snapshot = () => ({ ...state, methods: [...state.methods] })

    function emit(name, data) {
      for (const listener of [...(listeners.get(name) ?? [])]) {
        try {
          listener(data)
        } catch (error) {
          ;(page.reportError ?? console.error)(error)
        }
      }
    }

    function settle(id, how, value) {
      const call = pending.get(id)
      if (!call) return
      pending.delete(id)
      page.clearTimeout(call.timer)
      call.signal?.removeEventListener('abort', call.abort)
      call[how](value)
    }

    function lock() {
      stay += 1
      state.locked = true
      for (const id of [...pending.keys()]) settle(id, 'reject', new PorticoError('locked'))
    }

    /** Adopts a host's welcome. What belongs to another stay of the person is dropped first. */
    async function welcome(message) {
      lock()
      const now = stay
      const again = host_nonce !== null
      host_nonce = message.host_nonce
      page.clearTimeout(timer)
      const { sid, methods, context } = message
      if (!message.locked) {
        try {
          if (own_sid !== null && own_sid !== sid) {
            if (dropSession) await dropSession()
            else if (again) return page.location.reload()
          }
        } catch (error) {
          return failed(new PorticoError('temporarily_unavailable', `the former session stays: ${error}`))
        }
        // Whatever was said meanwhile is newer than this welcome.
        if (now !== stay) return
        own_sid = sid
      }
      Object.assign(state, { sid, methods, context, locked: message.locked })
      welcomed(snapshot())
      if (again && !message.locked) emit('unlocked', {})
    }

    const EVENTS = {
      __proto__: null,
      session_expired: lock,
      context_changed: (data) => (state.context = data),
    }

    /** Hears a text from the host; says whether it was for this document. */
    function receive(text) {
      const message = parse(text)
      if (message?.page_nonce !== page_nonce) return false
      if (message.type === 'welcome') {
        if (message.client_id !== client_id || message.host_nonce === host_nonce) return false
        welcome(message)
      } else if (message.type === 'refused') {
        if (host_nonce !== null) return false
        failed(new PorticoError(message.error))
      } else if (message.host_nonce !== host_nonce) {
        return false
      } else if (message.type === 'result') {
        const { id, error, error_description, result } = message
        if (error) settle(id, 'reject', new PorticoError(error, error_description))
        else settle(id, 'resolve', result)
      } else if (message.name !== 'unlocked') {
        // That it is unlocked is said by the welcome, once the former session is dropped.
        EVENTS[message.name]?.(message.data ?? {})
        emit(message.name, message.data ?? {})
      }
      return true
    }

    const post = (message) => way.send(JSON.stringify({ portico: 1, ...message }), receive)
    const hello = { type: 'hello', page_nonce, client_id }

    /** In a frame: asks the parent if it is a host, and speaks through its port from then on. */
    async function knock() {
      const origins = options.host_origins ?? (await document_of(page, issuer, 'portico-configuration')).host_origins
      const parent_origin = page.location.ancestorOrigins?.[0]
      if (parent_origin !== undefined && !origins.includes(parent_origin)) {
        throw new PorticoError('origin_not_allowed')
      }
      let port = null
      page.addEventListener('message', (event) => {
        if (port || event.source !== page.parent || !origins.includes(event.origin)) return
        const message = parse(event.data)
        if (message?.type === 'refused') return void receive(event.data)
        if (message?.type !== 'welcome' || event.ports.length !== 1 || !receive(event.data)) return
        port = event.ports[0]
        way.send = (text) => port.postMessage(text)
        port.onmessage = ({ data }) => receive(data)
      })
      for (const origin of origins) page.parent.postMessage(JSON.stringify({ portico: 1, ...hello }), origin)
    }

    /** In a browser of its own: no host, so nothing is locked, and to sign in is a redirect. */
    function alone() {
      page.clearTimeout(timer)
      const dark = page.matchMedia?.('(prefers-color-scheme: dark)').matches
      state.context = {
        theme: { color_scheme: dark ? 'dark' : 'light' },
        locale: page.navigator?.language ?? 'en',
        path: page.location.pathname,
        params: Object.fromEntries(new URLSearchParams(page.location.search)),
        from: null,
      }
      state.methods = redirect_uri ? ['login', 'context'] : ['context']
      state.locked = false
      welcomed(snapshot())
    }

    async function redirect(params) {
      const { authorization_endpoint } = await document_of(page, issuer, 'openid-configuration')
      const url = new URL(authorization_endpoint)
      const request = { scope: 'openid', ...params, client_id, redirect_uri, response_type: 'code', code_challenge_method: 'S256' }
      for (const [name, value] of Object.entries(request)) if (value !== undefined) url.searchParams.set(name, value)
      page.location.assign(url.href)
      // The page is left; nothing comes back to it.
      return new Promise(() => {})
    }

    /** Calls a method of the host. */
    async function call(method, params = {}, { timeout_ms = CALL_MS, signal } = {}) {
      await ready
      signal?.throwIfAborted()
      if (state.locked) throw new PorticoError('locked')
      if (!state.methods.includes(method)) throw new PorticoError('unsupported_method', method)
      if (way.name === 'browser') return method === 'login' ? redirect(params) : { ...state.context }
      const id = (last_id += 1)
      const message = { type: 'call', page_nonce, host_nonce, id, method, params, timeout_ms }
      if (!fits(JSON.stringify({ portico: 1, ...message }))) throw new PorticoError('invalid_request', 'too long')
      return new Promise((resolve, reject) => {
        const cancel = (reason) => {
          if (!pending.has(id)) return
          settle(id, 'reject', reason)
          post({ type: 'cancel', page_nonce, host_nonce, id })
        }
        const abort = () => cancel(signal.reason)
        signal?.addEventListener('abort', abort)
        const late = () => cancel(new PorticoError('temporarily_unavailable', `no answer to ${method}`))
        pending.set(id, { resolve, reject, signal, abort, timer: page.setTimeout(late, timeout_ms) })
        post(message)
      })
    }

    async function login(params, how) {
      if (!isText(params?.nonce) || !isText(params.code_challenge)) {
        throw new PorticoError('invalid_request', 'nonce and code_challenge come from the backend')
      }
      const answer = await call('login', params, how)
      if (params.state !== undefined && answer.state !== params.state) {
        throw new PorticoError('server_error', 'the answer is to another request')
      }
      return answer
    }

    async function context(how) {
      const answer = await call('context', {}, how)
      if (!isContext(answer)) throw new PorticoError('server_error', 'the path is not of this origin')
      return answer
    }

    if (way.name === 'frame') knock().catch(failed)
    else if (way.name === 'browser') alone()
    else {
      receivers.add(receive)
      way.begin?.(receive)
      post(hello)
    }
    return {
      ready,
      get state() {
        return snapshot()
      },
      call,
      login,
      token: (params, how) => call('token', params, how),
      request: (params, how) => call('request', params, how),
      context,
      logout: (how) => call('logout', {}, how),
      /** Hears an event; what comes back stops that. */
      on(name, listener) {
        if (!listeners.has(name)) listeners.set(name, new Set())
        listeners.get(name).add(listener)
        return () => listeners.get(name).delete(listener)
      },
    }
  }

  return {
    connect,
    parse,
    PorticoError,
    receive: (text) => [...receivers].some((receive) => receive(text)),
  }
})
