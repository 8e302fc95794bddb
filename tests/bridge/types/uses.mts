// What a page and a host write, checked against the types; the lines that are wrong must be.

import type * as Portico from '../../../static/bridge/portico.js'
import type * as PorticoHost from '../../../static/bridge/host.js'
import type * as PorticoStream from '../../../static/bridge/stream.js'

export async function page(portico: typeof Portico) {
  const bridge = portico.connect({ client_id: 'market', sid: null, dropSession: async () => {} })
  const { locked, context } = await bridge.ready
  const { code } = await bridge.login({ nonce: 'n', code_challenge: 'c' }, { timeout_ms: 1000 })
  bridge.on('grant_changed', ({ removed }) => removed?.split(' '))
  // @ts-expect-error there is no such event
  bridge.on('session_ended', () => {})
  // @ts-expect-error a login without its nonce
  await bridge.login({ code_challenge: 'c' })
  return [code.length, locked, context.theme?.color_scheme]
}

export function host(host: typeof PorticoHost, stream: typeof PorticoStream, container: HTMLElement) {
  const nova = host.create({
    container,
    account: 'ada',
    follow: (account, heard) => stream.follow({ account, uri: '/session-events', heard }),
    call: async (program, method, params) => ({ code: `${program.client_id} ${method} ${params.nonce}` }),
  })
  // @ts-expect-error a program needs its origins
  nova.open({ client_id: 'market', sid: 's', entry_uri: 'https://market.example/' })
  nova.signedIn({ account: 'ada', sids: { market: 'sid-2' } })
}
