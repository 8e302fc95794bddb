// What a super app writes, checked against the types; the lines that are wrong must be.

import { followEvents, MiniPrograms, PorticoHost, readDeepLink, usePorticoHost } from '../src'
import type { Drawn, Launch } from '../src'

const host = new PorticoHost({
  account: 'ada',
  follow: (account, heard) =>
    followEvents({ uri: `https://nova.example/events/${account}`, authorize: async () => ({ Authorization: 'Bearer x' }), refresh: async () => 'refreshed' }, heard),
  call: async (client_id, method, params, { signal }) => (await fetch(`https://nova.example/launch/${client_id}`, { method: 'POST', body: JSON.stringify({ method, params }), signal })).json(),
  clearData: async () => {},
})

// @ts-expect-error nothing is emptied when another person comes
new PorticoHost({ account: 'ada', follow: () => ({ check() {}, close() {} }), call: () => ({}) })
// @ts-expect-error a refresh says how it ended
followEvents({ uri: 'https://nova.example/events', authorize: async () => ({}), refresh: async () => true }, () => {})

export function open(link: string, programs: Map<string, Launch>): void {
  const found = readDeepLink(link, 'https://nova.example/m')
  // @ts-expect-error it may be no link of ours
  found.path
  const launch = found && programs.get(found.client_id)
  if (launch) host.open({ ...launch, path: found.path, params: found.params })
  // @ts-expect-error a program has origins
  host.open({ client_id: 'market', entry_uri: 'https://market.example/' })
}

export function Screen() {
  const { locked } = usePorticoHost(host)
  const cover = (program: Drawn) => program.reason
  return locked === null ? <MiniPrograms host={host} renderCover={cover} /> : null
}
// @ts-expect-error whose programs are they?
export const nobody = <MiniPrograms />
