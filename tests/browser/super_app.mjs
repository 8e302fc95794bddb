// A super app of a journey's own: a host on one site, programs on others, as their makers would write them
// with Portico's scripts, under a policy that allows nothing else.

import { registers, site } from './stranger.mjs'

/** Starts the host and its programs; `programs` names them. */
export async function superApp(demo, programs) {
  const { portico } = demo.addresses
  const configuration = await configurationOf(demo)
  const scripts = (names) => names.map((name) => `<script src="${portico}/static/bridge/${name}.js"></script>`).join('')
  const bridge = `<script src="${configuration.bridge_uri}" integrity="${configuration.bridge_integrity}" crossorigin></script>`
  const sites = { nova: await site({}, 'nova.localhost'), evil: await site({}, 'evil.localhost') }
  for (const name of programs) sites[name] = await site({}, `${name}.localhost`)
  registers(demo, {
    'portico:host': true,
    token_endpoint_auth_method: 'client_secret_basic',
    client_name: 'Nova of this journey',
    redirect_uris: [`${sites.nova.origin}/callback`],
  })
  const frames = Object.values(sites).map(({ origin }) => origin).join(' ')
  const page = (body) => (request, answer) => {
    answer.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': [
        "default-src 'none'", `script-src ${portico} 'nonce-n'`, `connect-src 'self' ${portico}`, `frame-src ${frames}`,
        "require-trusted-types-for 'script'", "trusted-types 'none'",
      ].join('; '),
    })
    answer.end(`<!doctype html><html lang="en"><title>A page</title><body>${body}`)
  }
  sites.nova.pages['/'] = page(`<h1>Nova</h1><div id="programs"></div>${scripts(['host', 'stream'])}<script nonce="n">${hostScript}</script>`)
  const client = (name, more = '') => page(`<h1>${name}</h1>${bridge}<script nonce="n">(${programScript})('${name}', '${portico}')${more}</script>`)
  for (const name of programs) {
    sites[name].pages['/'] = client(name)
    sites[name].pages['/raw'] = page(`<h1>${name}, by hand</h1><script nonce="n">(${rawScript})('${sites.nova.origin}')</script>`)
  }
  return {
    ...sites,
    page,
    client,
    /** How the host's backend would describe a program. */
    launch: (name, path = '/') => ({
      client_id: name,
      client_name: name,
      sid: `sid of ${name}`,
      entry_uri: `${sites[name].origin}${path}`,
      origins: [sites[name].origin],
    }),
    closes: () => Object.values(sites).forEach((one) => one.closes()),
  }
}

/** The frame of this origin and path, once its scripts ran; the `nth` of those that are alike. */
export async function frameAt(page, origin, path, nth = 1) {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = page.frames().filter((frame) => {
      const url = URL.canParse(frame.url()) ? new URL(frame.url()) : null
      return frame !== page.mainFrame() && url?.origin === origin && (path === undefined || url.pathname === path)
    })
    if (found.length >= nth) {
      await found[nth - 1].waitForLoadState('load')
      return found[nth - 1]
    }
    await page.waitForTimeout(50)
  }
  throw new Error(`no frame of ${origin}${path ?? ''}: ${page.frames().map((frame) => frame.url()).join(', ')}`)
}

/** The document, asked for at an address that Node resolves on every system. */
async function configurationOf(demo) {
  const { port } = new URL(demo.addresses.portico)
  return (await fetch(`http://127.0.0.1:${port}/.well-known/portico-configuration`)).json()
}

// The host: its handlers wait for the journey, its stream is the journey's.
const hostScript = `
  const container = document.querySelector('#programs')
  Object.assign(container.style, { position: 'relative', width: '360px', height: '480px' })
  globalThis.asked = []
  globalThis.violations = []
  document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective))
  const parameters = new URLSearchParams(location.search)
  const by_hand = (account, heard) => {
    globalThis.heard = heard
    return { check: () => (globalThis.checked = true), close() {} }
  }
  const from_stream = (account, heard) => PorticoStream.follow({ account, uri: '/session-events', heard })
  globalThis.host = PorticoHost.create({
    container,
    account: 'ada',
    follow: parameters.has('stream') ? from_stream : by_hand,
    call: (program, method, params, { signal }) =>
      new Promise((resolve, reject) => asked.push({ client_id: program.client_id, method, params, signal, resolve, reject })),
    draw: (cover, reason) => (cover.textContent = 'Signed out: ' + reason),
    heard: (name) => (document.title = name),
    context: { theme: { color_scheme: 'light' }, locale: 'en' },
  })
`

// A program: one bridge, and what it heard.
function programScript(client_id, issuer) {
  globalThis.events = []
  globalThis.violations = []
  document.addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(event.violatedDirective))
  const dropSession = () => globalThis.events.push('dropped')
  globalThis.bridge = globalThis.Portico.connect({ client_id, issuer, dropSession, timeout_ms: 20_000 })
  for (const name of ['session_expired', 'unlocked', 'context_changed', 'grant_changed', 'shown', 'hidden']) {
    globalThis.bridge.on(name, (data) => globalThis.events.push([name, data]))
  }
}

// A program that speaks by hand, to say what portico.js would not.
function rawScript(host) {
  globalThis.heard = []
  globalThis.welcomes = []
  globalThis.page_nonce = `${Math.random()}${Math.random()}${Math.random()}`.replace(/\D/g, '').slice(0, 30)
  addEventListener('message', ({ data, ports }) => {
    const message = JSON.parse(data)
    globalThis.heard.push(message)
    if (message.type !== 'welcome') return
    globalThis.welcomes.push(message)
    globalThis.port = ports[0]
    globalThis.port.onmessage = (event) => globalThis.heard.push(JSON.parse(event.data))
  })
  globalThis.hello = (client_id, page_nonce = globalThis.page_nonce, to = parent) =>
    to.postMessage(JSON.stringify({ portico: 1, type: 'hello', page_nonce, client_id }), host)
  globalThis.say = (message, how = {}) => {
    const { page_nonce, host_nonce } = globalThis.welcomes.at(-1)
    globalThis.port.postMessage(how.text ?? JSON.stringify({ portico: 1, page_nonce, host_nonce, ...message }))
  }
}
