// An authority and a certificate for the server, made anew for each run with the `openssl` command.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes `authority.pem`, `server.pem` and `server.key` in a folder.
 * @returns the path of the authority's certificate
 */
export function makeCertificates(folder) {
  const path = (name) => join(folder, name)
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

  openssl(
    'req', '-x509', ...key, '-keyout', path('authority.key'), '-out', path('authority.pem'),
    '-days', '2', '-subj', '/CN=Portico test authority',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign',
  )
  openssl(
    'req', ...key, '-keyout', path('server.key'), '-out', path('server.csr'), '-subj', '/CN=localhost',
  )
  writeFileSync(
    path('server.ext'),
    'subjectAltName=DNS:localhost,DNS:portico.localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n',
  )
  openssl(
    'x509', '-req', '-in', path('server.csr'), '-CA', path('authority.pem'),
    '-CAkey', path('authority.key'), '-CAcreateserial', '-out', path('server.pem'),
    '-days', '2', '-extfile', path('server.ext'),
  )
  return { authority: path('authority.pem') }
}
