// Unpacks the Chromium that comes with the development dependencies into the folder given, with the libraries and the fonts that
// a bare system lacks. Run as a process of its own, because the package unpacks to wherever TMPDIR points. Several may run at
// once: each unpacks for itself, and the first to be ready gives the folder its name.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: unpack-chromium.mjs FOLDER')
const dir = resolve(folder)
const own = `${dir}.${process.pid}`
mkdirSync(own, { recursive: true })
process.env.TMPDIR = own
// Where this is set the package unpacks its libraries (NSS, expat) beside the browser.
process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs24.x'
try {
  const { default: chromium } = await import('@sparticuz/chromium')
  await chromium.executablePath()
  // The package's own fonts.conf names a folder that is not there, and without a single font the browser crashes.
  const places = `<dir>${dir}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${dir}/fonts/cache</cachedir>`
  writeFileSync(
    `${own}/fonts/fonts.conf`,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${places}</fontconfig>\n`,
  )
  renameSync(own, dir)
} catch (error) {
  if (!existsSync(dir)) throw error
} finally {
  rmSync(own, { recursive: true, force: true })
}
