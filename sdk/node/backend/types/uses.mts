// What a backend writes, checked against the types; the lines that are wrong must be.

import { Portico, PorticoError, Unavailable } from '../src/index.js'

const portico = new Portico({ issuer: 'https://portico.example', client_id: 'market', client_secret: 's' })
export async function uses(token: string): Promise<string[]> {
  const person = await portico.validate(token)
  // @ts-expect-error it may be nobody
  person.openid
  if (person === null) return []
  const { pre_session, page } = portico.beginLaunch()
  const { sid } = await portico.finishLaunch({ pre_session, code: 'c', state: page.state })
  // @ts-expect-error a launch needs its pre-session
  await portico.finishLaunch({ code: 'c', state: page.state })
  const guarded = await portico.guard('Bearer x', { scopes: ['orders'] })
  return guarded.person ? guarded.person.scopes : [guarded.body.error, String(sid)]
}
export const errors = [new PorticoError('invalid_token').error, new Unavailable('x').message]
// @ts-expect-error whose backend is it?
new Portico({ client_id: 'market' })
