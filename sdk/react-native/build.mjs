// Makes `build`: the sources without their types, the types, and the judging part of the bridge, which is
// static/bridge/host.js as it is.

import { spawnSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const here = (relative) => fileURLToPath(new URL(relative, import.meta.url))
rmSync(here('build'), { recursive: true, force: true })
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const done = spawnSync(process.execPath, [tsc, '-p', here('tsconfig.json')], { stdio: 'inherit' })
if (done.status !== 0) process.exit(1)
for (const name of ['host.js', 'host.d.ts', 'portico.d.ts']) {
  copyFileSync(here(`../../static/bridge/${name}`), here(`build/${name}`))
}
