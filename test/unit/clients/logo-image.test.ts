import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { inspectImage } from '../../../src/clients/logos/image.ts'
import { extended, gif, jpeg, latin1, lossless, lossy, png } from '../../support/pictures.ts'

describe('the bytes of a logo', () => {
  test.each([
    ['PNG', png(300, 200), 'image/png'],
    ['JPEG', jpeg(300, 200), 'image/jpeg'],
    ['a progressive JPEG', jpeg(300, 200, 0xc2), 'image/jpeg'],
    ['GIF', gif(300, 200), 'image/gif'],
    ['WebP, lossy', lossy(300, 200), 'image/webp'],
    ['WebP, lossless', lossless(300, 200), 'image/webp'],
    ['WebP, extended', extended(300, 200), 'image/webp'],
  ])('say what they are and how large: %s', (_, bytes, type) => {
    expect(inspectImage(bytes)).toEqual({ ok: true, type, width: 300, height: 200 })
  })

  test('of a picture that another program made are read too', () => {
    const screen = readFileSync(new URL('../../../docs/screens/login-phone-light.png', import.meta.url))
    expect(inspectImage(screen)).toMatchObject({ reason: 'too_many_pixels' })
  })

  test.each([
    ['PNG', png(1025, 1)],
    ['PNG that unfolds to gigabytes', png(0x7fffffff, 0x7fffffff)],
    ['JPEG', jpeg(1, 65_535)],
    ['GIF', gif(60_000, 10)],
    ['GIF with a small screen and a large picture', gif(10, 10, 1, { width: 60_000, height: 60_000 })],
    ['WebP, lossy', lossy(16_383, 16_383)],
    ['WebP, lossless', lossless(16_384, 16_384)],
    ['WebP, extended', extended(0x1000000, 0x1000000)],
  ])('are refused when there are too many pixels: %s', (_, bytes) => {
    expect(inspectImage(bytes)).toEqual({ ok: false, reason: 'too_many_pixels' })
  })

  test.each([
    ['PNG', png(16, 16, { animated: true })],
    ['GIF', gif(16, 16, 2)],
    ['WebP', extended(16, 16, 2)],
  ])('are refused when they move (WCAG 2.2.2): %s', (_, bytes) => {
    expect(inspectImage(bytes)).toEqual({ ok: false, reason: 'animated' })
  })

  test.each([
    ['plain', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
    ['after a prologue', '<?xml version="1.0"?><!-- x --><!DOCTYPE svg><svg><script>alert(1)</script></svg>'],
  ])('of a document that can run are refused (XS-01): SVG %s', (_, svg) => {
    expect(inspectImage(Buffer.from(svg))).toEqual({ ok: false, reason: 'svg' })
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['a signature alone', png(1, 1).subarray(0, 12)],
    ['a picture without pixels', png(0, 10)],
    ['a JPEG without a frame', Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2, 0, 0, 0, 0, 0, 0])],
    ['a GIF without a picture', gif(10, 10, 0)],
    ['a page behind the name of a GIF', Buffer.from('GIF89a=1;/*<script>alert(1)</script>*/')],
    ['a bitmap', Buffer.concat([latin1('BM'), Buffer.alloc(60)])],
  ])('are refused when they are no picture (XS-01): %s', (_, bytes) => {
    expect(inspectImage(bytes)).toEqual({ ok: false, reason: 'not_an_image' })
  })

  test('may be anything: a verdict is always found, and never a picture beyond the bounds', () => {
    const begun = fc.constantFrom(
      png(9, 9),
      jpeg(9, 9),
      gif(9, 9),
      lossy(9, 9),
      lossless(9, 9),
      extended(9, 9),
    )
    const mangled = fc
      .tuple(begun, fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 12 }), fc.nat(120))
      .map(([bytes, changes, length]) => {
        const copy = Buffer.from(bytes.subarray(0, length))
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value
        return copy
      })
    fc.assert(
      fc.property(mangled, (bytes) => {
        const image = inspectImage(bytes)
        if (image.ok) expect(Math.max(image.width, image.height)).toBeLessThanOrEqual(1024)
        else expect(['not_an_image', 'svg', 'too_many_pixels', 'animated']).toContain(image.reason)
      }),
      { numRuns: 2000 },
    )
  })
})
