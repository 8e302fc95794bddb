// Nova's page: opens mini-programs in frames, keeps them open, switches between them, and locks them in
// the moment that the session ends. It holds no token: /launch and /session-events are its backend's.
;(() => {
  'use strict'
  const page = document.currentScript.dataset
  const tabs = new BroadcastChannel('nova')
  const at = (id) => document.getElementById(id)

  // What a browser remembers for Nova is how it looks, and nothing of a person.
  const looks = {
    get theme() {
      return localStorage.getItem('theme') ?? ''
    },
    get language() {
      return localStorage.getItem('language') ?? 'en'
    },
  }
  const device = matchMedia('(prefers-color-scheme: dark)')
  const scheme = () => looks.theme || (device.matches ? 'dark' : 'light')
  const context = () => ({ theme: { color_scheme: scheme() }, locale: looks.language })

  function wear() {
    if (looks.theme) document.documentElement.dataset.theme = looks.theme
    else delete document.documentElement.dataset.theme
    for (const element of document.querySelectorAll('[data-ru]')) {
      element.dataset.en ??= element.textContent
      element.textContent = looks.language === 'ru' ? element.dataset.ru : element.dataset.en
      element.lang = looks.language
    }
  }
  wear()

  // A deep link: the home screen opens what it names. Path and parameters go to the program, nothing else.
  if (page.page === 'open') {
    const query = new URLSearchParams(location.search)
    query.set('open', page.program)
    location.replace(`/?${query}`)
    return
  }
  if (page.page === 'signed-in') {
    tabs.postMessage('signed in')
    close()
    return
  }

  let account = page.account
  let form_token = page.formToken
  const tiles = new Map([...document.querySelectorAll('a[data-program]')].map((tile) => [tile.dataset.program, tile]))
  const container = at('programs')
  const idOf = (slug) => tiles.get(slug).dataset.clientId
  const launchTypes = (slug) => tiles.get(slug).dataset.launchTypes.split(' ')
  const iconOf = (slug) => tiles.get(slug).querySelector('.icon').cloneNode(true)
  // A picture that does not come leaves its place to the initial.
  for (const picture of document.querySelectorAll('.icon img')) {
    if (picture.complete && picture.naturalWidth === 0) picture.remove()
    else picture.addEventListener('error', () => picture.remove())
  }
  // What a program may call follows from what Portico says it is launched with.
  const METHODS = { code: ['login'], token: ['token'] }
  /** The open programs: each its description, its instance, its box. */
  const opened = new Map()
  // Which stay each program was launched in, as the exchange said.
  const sids = new Map()

  const post = async (path, body, signal) => {
    const answer = await fetch(path, {
      method: 'POST',
      signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, form_token, locale: looks.language }),
    })
    const found = await answer.json().catch(() => ({ error: 'server_error' }))
    if (!answer.ok) throw found
    return found
  }

  const random = () =>
    btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')

  const methods = {
    async login(slug, { nonce, code_challenge, state, scope }, signal) {
      const { code, iss, scope: granted, sid } = await post(`/launch/${idOf(slug)}`, { launch_type: 'code', nonce, code_challenge, scope }, signal)
      sids.set(slug, sid)
      return { code, iss, state, scope: granted, sid }
    },
    async token(slug, { scope, dpop_jkt }, signal) {
      const answer = await post(`/launch/${idOf(slug)}`, { launch_type: 'token', scope, dpop_jkt }, signal)
      sids.set(slug, answer.sid)
      return answer
    },
    /** The person tapped for it. What is launched along with it is nobody's: only what is allowed now counts. */
    async request(slug, { scope }, signal) {
      const kind = launchTypes(slug).includes('code')
        ? { launch_type: 'code', nonce: random(), code_challenge: random() }
        : { launch_type: 'token' }
      const { scope: granted } = await post(`/launch/${idOf(slug)}`, { ...kind, scope: `openid ${scope}`, again: true }, signal)
      return { scope: granted }
    },
    // What the person is asked then, Portico asks.
    logout: () => at('sign-out').form.requestSubmit(),
  }
  const slugOf = (client_id) => [...tiles.values()].find((tile) => tile.dataset.clientId === client_id).dataset.program

  const REASONS = {
    logout: 'You signed out.',
    expired: 'Your session is over.',
    operator: 'Portico ended your session.',
    credential_changed: 'Your password was changed.',
    reuse_detected: 'Somebody else may have used your session.',
    user_changed: 'Somebody else signed in here.',
    suspended: 'This program is not available at the moment.',
    left: 'You signed out of this program.',
    withdrawn: 'You removed this program.',
  }
  const inWords = (reason) => REASONS[reason] ?? 'Your session ended.'

  const host = globalThis.PorticoHost.create({
    container,
    account,
    follow: (person, heard) => globalThis.PorticoStream.follow({ account: person, uri: '/session-events', heard }),
    call: (program, method, params, { signal }) => {
      const answer = methods[method]
      if (!answer) throw { error: 'unsupported_method' }
      return answer(slugOf(program.client_id), params, signal)
    },
    draw(cover, reason, program) {
      const words = document.createElement('p')
      words.textContent = inWords(reason)
      cover.replaceChildren(words)
      // One program's end is no end of the person's session.
      if (!['suspended', 'left', 'withdrawn'].includes(reason)) return
      const close = document.createElement('button')
      close.className = 'button'
      close.textContent = 'Close'
      close.addEventListener('click', () => forget(slugOf(program.client_id)))
      cover.append(close)
    },
    heard,
    context: context(),
  })

  const ENDS = ['session_expired', 'session_ended', 'user_changed']
  let drawn = false
  function heard(name, data) {
    if (name === 'user_changed') return void location.replace('/')
    if (!ENDS.includes(name) || data.client_id !== undefined) return
    if (drawn) return
    drawn = true
    at('locked-reason').textContent = inWords(data.reason ?? 'expired')
    at('locked-time').hidden = data.at === undefined
    // The time from the end at Portico until this cover was drawn, by two clocks of one machine.
    const ms = data.at === undefined ? undefined : Math.max(0, Date.now() - data.at)
    if (ms !== undefined) at('locked-time').textContent = `Locked ${ms} ms after it ended`
    document.dispatchEvent(new CustomEvent('nova:locked', { detail: { ms } }))
    at('locked').hidden = false
    at('home').inert = at('stage').inert = true
    at('locked').focus()
  }

  /** Somebody signed in in another tab: the same person goes on, another one finds nothing. */
  async function back() {
    const answer = await fetch('/present', { cache: 'no-store' })
    if (!answer.ok) return
    const present = await answer.json()
    if (present.account !== account) {
      host.close()
      opened.clear()
      return void location.replace('/')
    }
    const is_new = form_token !== present.form_token
    form_token = present.form_token
    if (drawn || is_new) document.dispatchEvent(new CustomEvent('nova:present', { detail: { form_token } }))
    if (!drawn) return
    drawn = false
    sids.clear()
    at('locked').hidden = true
    at('home').inert = at('stage').inert = false
    // Which stay each is in now its next launch says.
    host.signedIn({ account, sids: Object.fromEntries(host.programs().map((program) => [program.client_id, null])) })
  }

  function open(slug, path = '/', params = {}) {
    const known = opened.get(slug)
    if (known) return void known.program.show()
    const { clientId, name, entryUri, origins } = tiles.get(slug).dataset
    const program = host.open({
      client_id: clientId,
      client_name: name,
      sid: sids.get(slug) ?? null,
      entry_uri: entryUri,
      origins: origins.split(' '),
      methods: launchTypes(slug).flatMap((type) => METHODS[type] ?? []).concat('request', 'context', 'logout'),
      path,
      params,
    })
    opened.set(slug, { program, box: container.lastElementChild })
    draw()
  }

  function forget(slug) {
    opened.get(slug)?.program.close()
    opened.delete(slug)
    draw()
  }

  /** Which program is in front, if one is. */
  const front = () => [...opened].find(([, { box }]) => !box.hidden)?.[0]

  function draw() {
    const slug = front()
    const isOpen = slug !== undefined || container.querySelector('.portico-sheet') !== null
    at('stage').hidden = !isOpen
    at('home').hidden = isOpen
    for (const [name, tile] of tiles) tile.classList.toggle('running', opened.has(name))
    if (slug === undefined) return
    const { name, publisher } = tiles.get(slug).dataset
    at('stage-icon').replaceChildren(iconOf(slug))
    at('stage-name').textContent = name
    at('stage-publisher').textContent = publisher && `by ${publisher}`
    at('switcher').hidden = opened.size < 2
    at('switcher').replaceChildren(...[...opened.keys()].map((other) => {
      const button = document.createElement('button')
      button.id = `switch-${other}`
      button.ariaLabel = `Switch to ${tiles.get(other).dataset.name}`
      button.ariaCurrent = other === slug ? 'true' : 'false'
      button.append(iconOf(other))
      button.addEventListener('click', () => open(other))
      return button
    }))
  }
  // The pages of a sheet are entries of the history, and stay when it is gone: back to the program's own.
  let below
  function aroundTheSheet() {
    const sheet = container.querySelector('.portico-sheet')
    if (sheet && !below) {
      const entries = globalThis.navigation?.entries() ?? []
      below = entries[globalThis.navigation?.currentEntry.index - 1]?.key
    } else if (!sheet && below) {
      const key = below
      below = undefined
      for (const end of Object.values(navigation.traverseTo(key))) end.catch(() => {})
    }
  }
  // The bridge shows and hides programs by itself, when somebody goes back.
  new MutationObserver(() => {
    aroundTheSheet()
    draw()
  }).observe(container, { attributeFilter: ['hidden'], childList: true, subtree: true })

  for (const [slug, tile] of tiles) {
    tile.addEventListener('click', (event) => {
      event.preventDefault()
      open(slug)
    })
  }
  at('home-button').addEventListener('click', () => opened.get(front())?.program.hide())
  at('close').addEventListener('click', () => forget(front()))
  at('reopen').addEventListener('click', () => {
    const slug = front()
    // The browser is on its way back, and must have arrived before it goes on.
    addEventListener('popstate', () => open(slug), { once: true })
    forget(slug)
  })

  at('looks').hidden = false
  for (const name of ['theme', 'language']) {
    at(name).value = looks[name]
    at(name).addEventListener('change', ({ target }) => {
      localStorage.setItem(name, target.value)
      wear()
      host.setContext(context())
      tabs.postMessage('looks')
    })
  }
  device.addEventListener('change', () => host.setContext(context()))

  tabs.addEventListener('message', ({ data }) => {
    if (data === 'signed in') back()
    if (data === 'looks') {
      wear()
      host.setContext(context())
    }
  })
  tabs.postMessage('signed in')

  const query = new URLSearchParams(location.search)
  if (query.has('open')) {
    const { open: slug, path, ...params } = Object.fromEntries(query)
    history.replaceState(history.state, '', '/')
    if (tiles.has(slug)) open(slug, path?.startsWith('/') && !/^\/[/\\]/.test(path) ? path : '/', params)
  }
})()
