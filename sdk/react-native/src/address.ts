// Addresses, read strictly: React Native's own `URL` is no parser to decide by, and what a WebView says
// of an address is compared with what Portico registered, letter by letter.

const HTTPS = /^https:\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(?=[/?#]|$)/
// For development: a program on the developer's own machine.
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(?=[/?#]|$)/
// Browsers read a backslash as a slash, and leave tabs and line ends out.
const PATH = /^\/(?![/\\])[^\t\n\r\\]*$/
const MAX_LINK = 2048

/** The origin of an address as a browser writes it; null where it has none that a program could have. */
export function originOf(address: unknown): string | null {
  if (typeof address !== 'string') return null
  const [scheme, found] = address.startsWith('https:')
    ? (['https', HTTPS.exec(address)] as const)
    : (['http', LOOPBACK.exec(address)] as const)
  if (!found) return null
  const port = found[2] === undefined || found[2] === (scheme === 'https' ? '443' : '80') ? '' : `:${found[2]}`
  return `${scheme}://${found[1]}${port}`
}

/** Whether a path stays in the origin of whoever goes there. */
export const isPath = (path: string): boolean => PATH.test(path)

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '))
  } catch {
    return null
  }
}

/** The parameters of a query, or null where one cannot be read. The first of two counts. */
function paramsOf(query: string): Record<string, string> | null {
  const params: Record<string, string> = {}
  for (const pair of query.split('&').filter(Boolean)) {
    const at = pair.indexOf('=')
    const name = decoded(at < 0 ? pair : pair.slice(0, at))
    const value = decoded(at < 0 ? '' : pair.slice(at + 1))
    if (name === null || value === null || name === '__proto__') return null
    if (!Object.hasOwn(params, name)) params[name] = value
  }
  return params
}

/** Where a deep link leads: which program, and a path and parameters for it. */
export interface DeepLink {
  client_id: string
  path: string
  params: Record<string, string>
}

/**
 * Reads a link of the form BASE/CLIENT_ID/PATH?PARAMS, where `base` is a claimed https address of the app;
 * null for everything else. Whoever sends a link may write in it what they like: it opens a program and says
 * where in it to begin, and carries nothing that counts.
 */
export function readDeepLink(link: string, base: string): DeepLink | null {
  const prefix = base.endsWith('/') ? base : `${base}/`
  if (originOf(prefix) === null || link.length > MAX_LINK || !link.startsWith(prefix)) return null
  const [, id = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(link.slice(prefix.length)) ?? []
  const client_id = decoded(id)
  const params = paramsOf(query)
  const inside = path === '' ? '/' : path
  return client_id && params && isPath(inside) ? { client_id, path: inside, params } : null
}

/** What a consent sheet ended with, if this is the address at which it ends. */
export function readInteraction(address: string, return_uri: string): { interaction: string; result: string } | null {
  if (!address.startsWith(`${return_uri}?`)) return null
  const params = paramsOf(address.slice(return_uri.length + 1).replace(/#.*$/, ''))
  const { interaction, result } = params ?? {}
  return interaction !== undefined && result !== undefined ? { interaction, result } : null
}
