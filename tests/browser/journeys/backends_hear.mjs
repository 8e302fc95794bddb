// The programs' backends hear of the end by themselves: Bank by a logout token, Taxi by its event stream. What
// each ends, without asking anybody, is tried in src/demo/journeys/endings.rs; here they are told for real.

import assert from 'node:assert/strict'
import { Person } from '../person.mjs'

export const title = 'Backends hear: a logout token comes to Bank, an event to Taxi'
export const onBothDatabases = true

export async function journey(world) {
  const { demo, step } = world
  const { app, bank, taxi } = demo.addresses
  const ada = await Person.arrives(world, 'ada')

  const counted = async (name) => {
    const { port } = new URL(app)
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const line = text.split('\n').find((one) => one.startsWith(name))
    return line ? Number(line.split(' ').at(-1)) : 0
  }
  const soon = async (what, holds) => {
    for (let tries = 0; tries < 100; tries += 1) {
      if (await holds()) return
      await ada.page.waitForTimeout(50)
    }
    assert.fail(`${what}: never`)
  }

  await step('Ada uses Bank and Taxi', async () => {
    await ada.signsInAtNova()
    for (const [program, seen] of [['bank', 'Balance'], ['taxi', 'Where to, Ada']]) {
      await ada.opens(program)
      await ada.allowsEverything()
      await ada.sees(ada.frame(), seen)
    }
  })

  await step('Taxi listens, and Bank was told nothing yet', async () => {
    await soon('a stream', async () => (await counted('portico_streams{of="backend"}')) === 1)
    assert.equal(await counted('portico_deliveries_total{result="delivered"}'), 0)
  })

  await step('She signs out; Bank takes the logout token', async () => {
    await ada.signsOutEverywhere()
    await soon('a delivery', async () => (await counted('portico_deliveries_total{result="delivered"}')) === 1)
    for (const result of ['failed', 'refused', 'dead']) {
      assert.equal(await counted(`portico_deliveries_total{result="${result}"}`), 0, result)
    }
  })

  await step('A request with the cookie that she had is refused', async () => {
    const partitioned = (await ada.context.cookies()).filter(({ name }) => name === 'session')
    const { port } = new URL(app)
    for (const origin of [bank, taxi]) {
      const { host, hostname } = new URL(origin)
      const cookie = partitioned.find(({ domain }) => domain === hostname)
      assert.ok(cookie, `${hostname} set no cookie`)
      const answer = await ada.context.request.get(`http://127.0.0.1:${port}/`, {
        headers: { host, cookie: `session=${cookie.value}` },
      })
      assert.equal(answer.status(), 401, origin)
    }
  })
  await ada.leaves()
}
