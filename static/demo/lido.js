// Lido's page, which is all there is of it: no backend, no cookie, nothing that it keeps. Its host gives it a
// launch token over the bridge; with that it asks Portico whose ticket this is, exchanges anew before the token
// runs out, and forgets both when the session ends.
;(() => {
  'use strict'
  const { clientId, issuer } = document.currentScript.dataset
  const { Portico, wear } = globalThis
  const SCOPE = 'openid profile.basic'
  // Of a token's life, as much is used before the next one is asked for.
  const RENEWED_AT = 0.8
  const AGAIN_MS = 5000
  const at = (id) => document.getElementById(id)
  const show = (part) => {
    for (const one of ['waiting', 'ticket', 'closed']) at(one).hidden = one !== part
  }

  const bridge = Portico.connect({ client_id: clientId, issuer })
  /** Grows with everything that makes what was asked for before worthless. */
  let turn = 0
  let renewal, clock, good_until

  /** Forgets whose ticket it was. */
  function forget() {
    turn += 1
    clearTimeout(renewal)
    clearInterval(clock)
    good_until = undefined
    for (const id of ['holder', 'number', 'left']) at(id).textContent = ''
    at('bars').replaceChildren()
    show('waiting')
  }

  function close(words) {
    forget()
    at('why').textContent = words
    show('closed')
  }

  const json = async (uri, headers = {}) => {
    const answer = await fetch(uri, { headers, credentials: 'omit', cache: 'no-store' })
    if (!answer.ok) throw Object.assign(new Error(`${uri} answered ${answer.status}`), { status: answer.status })
    return answer.json()
  }
  const digest = async (text) => new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))

  /** Asks for a token and draws the ticket; without a `scope` for what stands. */
  async function admit(scope) {
    const now = (turn += 1)
    clearTimeout(renewal)
    try {
      const { access_token, expires_in } = await bridge.token(scope ? { scope } : {})
      const asked = Date.now()
      const { userinfo_endpoint } = await json(`${issuer}/.well-known/openid-configuration`)
      const person = await json(userinfo_endpoint, { authorization: `Bearer ${access_token}` })
      const [number, code] = await Promise.all([digest(person.sub), digest(access_token)])
      // Locked meanwhile, or asked for anew.
      if (now !== turn) return
      draw(person, number, code)
      good_until = asked + expires_in * 1000
      clearInterval(clock)
      clock = setInterval(tick, 1000)
      tick()
      renewal = setTimeout(admit, expires_in * 1000 * RENEWED_AT)
    } catch ({ error, status }) {
      if (now !== turn || error === 'locked') return
      if (error === 'access_denied' && scope) return void admit()
      if (error === 'invalid_target') return close('Lido is not available at the moment.')
      // 401: it ended on the way. Whatever else it is, the ticket is good until it has run out.
      if (status === 401 || good_until === undefined) at('later').hidden = false
      renewal = setTimeout(admit, AGAIN_MS, scope)
    }
  }

  function draw(person, number, code) {
    at('later').hidden = true
    at('holder').textContent = person.name ?? 'A guest of Lido'
    at('number').textContent = [...number.subarray(0, 4)].map((byte) => String(byte % 100).padStart(2, '0')).join(' ')
    at('nameless').hidden = person.name !== undefined
    const bars = [...code].map((byte, place) => {
      const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
      bar.setAttribute('x', place * 10)
      bar.setAttribute('width', 2 + (byte % 7))
      bar.setAttribute('height', 64)
      return bar
    })
    at('bars').replaceChildren(...bars)
    show('ticket')
  }

  /** How long the ticket is good, as it stands there. */
  function tick() {
    const seconds = Math.max(0, Math.round((good_until - Date.now()) / 1000))
    at('left').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    at('ticket').classList.toggle('over', seconds === 0)
  }

  at('share').addEventListener('click', async () => {
    at('share').disabled = true
    // Whatever the person decided, the next token says what they allow.
    await bridge.request({ scope: 'profile.basic' }).catch(() => {})
    at('share').disabled = false
    admit()
  })

  bridge.on('context_changed', wear)
  bridge.on('grant_changed', () => admit())
  bridge.on('session_expired', () => {
    document.documentElement.dataset.locked = ''
    forget()
  })
  bridge.on('unlocked', () => {
    delete document.documentElement.dataset.locked
    admit(SCOPE)
  })
  bridge.ready.then(
    ({ context, locked, transport }) => {
      if (transport === 'browser') return close('Your ticket is in Nova: open Lido there.')
      // A frame cannot move the host, which is there anyway.
      at('home').hidden = true
      wear(context)
      if (!locked) admit(SCOPE)
    },
    () => close('Your ticket is in Nova, and Nova does not answer.'),
  )
})()
