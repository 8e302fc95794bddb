// Where a demonstration keeps everything: in its own folder, or in a PostgreSQL database of its own.

import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** The file in the demonstration's folder, which goes with it. */
export const sqlite = {
  name: 'SQLite',
  async make() {
    return { url: undefined, drop: async () => {} }
  },
}

/** Fresh databases on a server where they may be created. */
export function postgres(server) {
  return {
    name: 'PostgreSQL',
    async make() {
      const name = `portico_browser_${randomBytes(6).toString('hex')}`
      await asAdministrator(server, `CREATE DATABASE ${name}`)
      const url = new URL(server)
      url.pathname = `/${name}`
      const drop = () => asAdministrator(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      return { url: url.href, drop }
    },
  }
}

async function asAdministrator(server, statement) {
  const connection = new pg.Client({ connectionString: server })
  await connection.connect()
  try {
    await connection.query(statement)
  } finally {
    await connection.end()
  }
}
