import { describe, expect, test } from '@jest/globals'
import type { LookupAddress } from 'node:dns'
import { createOutboundGuard } from '../../../src/http/index.ts'

const refuses = (url: string, allow: string[] = []): boolean => {
  try {
    createOutboundGuard(allow).check(new URL(url))
    return false
  } catch {
    return true
  }
}
const resolve = (name: string, allow: string[] = [], options = { all: true }) =>
  new Promise<string | LookupAddress[]>((done, fail) =>
    createOutboundGuard(allow).lookup(name, options, (error, found) => {
      if (error) fail(error)
      else done(found)
    }),
  )

describe('an address in a URL', () => {
  test.each([
    '127.0.0.1',
    '127.1.2.3',
    '2130706433',
    '0x7f.1',
    '017700000001',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.0.8',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[::127.0.0.1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[fc00::1]',
    '[fd12::1]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '[100::1]',
    '[5f00::1]',
    '[4000::1]',
  ])('%s is out of bounds (server-side request forgery)', (host) => {
    expect(refuses(`https://${host}/logout`)).toBe(true)
  })

  test.each(['1.1.1.1', '8.8.8.8', '93.184.216.34', '[2606:4700:4700::1111]', '[2a00:1450::1]'])(
    '%s is public',
    (host) => {
      expect(refuses(`https://${host}/`)).toBe(false)
    },
  )

  test('is let through when it, or its network, is listed, and no other', () => {
    expect(refuses('http://10.1.2.3/', ['10.1.2.3'])).toBe(false)
    expect(refuses('http://10.1.2.4/', ['10.1.2.3'])).toBe(true)
    expect(refuses('http://10.1.2.4/', ['10.1.0.0/16'])).toBe(false)
    expect(refuses('http://10.2.2.4/', ['10.1.0.0/16'])).toBe(true)
    expect(refuses('http://[fd12::7]/', ['fd12::/16'])).toBe(false)
    expect(refuses('http://[::ffff:10.1.2.4]/', ['10.1.0.0/16'])).toBe(false)
  })
})

describe('a name', () => {
  test('that leads to this machine is not resolved for a connection (server-side request forgery, DNS)', async () => {
    await expect(resolve('localhost')).rejects.toThrow('localhost')
    await expect(resolve('localhost', [], { all: false })).rejects.toThrow('localhost')
    await expect(resolve('localhost', ['127.0.0.1'])).rejects.toThrow('localhost')
  })

  test('is resolved when it is listed by name, or all it leads to by network', async () => {
    const found = await resolve('localhost', ['localhost'])
    expect(found).not.toHaveLength(0)
    expect(await resolve('localhost', ['127.0.0.0/8', '::1/128'])).toEqual(found)
    expect(typeof (await resolve('localhost', ['localhost'], { all: false }))).toBe('string')
  })
})
