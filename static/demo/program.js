// The page of a mini-program in a super app: opens over the bridge without a redirect, looks as the host
// looks, and is silent while it is locked. A page in a window of its own does not load this.
;(() => {
  'use strict'
  const { clientId, issuer, sid, nova } = document.currentScript.dataset
  const MAX_TRIES = 4
  const tries = Number(new URLSearchParams(location.search).get('again'))
  const isOpening = document.getElementById('opening') !== null
  let dropped = false
  let busy = false

  const post = async (path, body = {}) => {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const found = answer.status === 204 ? {} : await answer.json()
    if (!answer.ok) throw Object.assign(new Error(found.error), found)
    return found
  }

  /** Ends this page's own stay, and no other that another tab has begun since. */
  const drop = () => post('/launch/drop', { sid })

  const { wear } = globalThis
  const bridge = globalThis.Portico.connect({
    client_id: clientId,
    issuer,
    sid: sid || null,
    async dropSession() {
      await drop()
      dropped = true
    },
  })

  /** Asks the host for a code and goes where the host says, or to the front page. */
  async function open(share) {
    busy = true
    try {
      const { scope, ...offer } = await post('/launch/begin', share ? { share } : {})
      if (share) await bridge.request({ scope: share })
      // What was not tapped for is not asked along with it: without a scope there comes what stands.
      const { code, state, iss } = await bridge.login(share ? offer : { ...offer, scope })
      await post('/launch/finish', { code, state, iss })
      const { path } = await bridge.context()
      location.replace(isOpening && path?.startsWith('/') ? path : '/')
    } catch ({ error }) {
      busy = false
      // Another tab of this browser came in meanwhile, and what was begun here moved on.
      if (error === 'invalid_request' && tries < MAX_TRIES) return void location.replace(`/open?again=${tries + 1}`)
      // Locked: the host says when it goes on.
      if (error === 'locked') return
      // Whoever is in already stays in.
      if (share && (error === 'access_denied' || error === 'interaction_required')) return
      location.replace(`/launch/failed?${new URLSearchParams({ error: error ?? 'server_error' })}`)
    }
  }

  // In a frame that may not move the host, links to it are asked of it, or not shown.
  for (const link of document.querySelectorAll('a[target=_top]')) {
    const { origin, pathname, searchParams } = new URL(link.href)
    if (origin !== nova || !pathname.startsWith('/open/')) {
      link.hidden = true
      continue
    }
    link.addEventListener('click', (event) => {
      event.preventDefault()
      const share = searchParams.get('share')
      if (!share) location.replace('/open')
      else if (!busy) open(share)
    })
  }

  bridge.on('context_changed', wear)
  bridge.on('session_expired', () => {
    document.documentElement.dataset.locked = ''
    if (sid) drop().catch(() => {})
  })
  bridge.on('unlocked', () => location.replace('/open'))
  // What the person allows or takes back elsewhere shows here at once.
  bridge.on('grant_changed', () => !busy && !isOpening && location.replace('/'))

  // A form leaves nothing in the history: the way back belongs to the host.
  document.addEventListener('submit', async (event) => {
    const form = event.target
    if (bridge.state.transport !== 'frame' || bridge.state.locked) return
    event.preventDefault()
    const body = new URLSearchParams(new FormData(form, event.submitter))
    const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual' })
    if (answer.type === 'opaqueredirect') location.reload()
    else form.submit()
  })

  bridge.ready.then(
    ({ context, locked, sid: now }) => {
      wear(context)
      if (locked) return
      // The other tab's session is of this very stay.
      if (isOpening && tries > 0 && sid && sid === now) location.replace('/')
      else if (isOpening) open()
      else if (dropped) location.replace('/open')
    },
    // There is no host after all.
    () => isOpening && location.replace('/open?by=redirect'),
  )
})()
