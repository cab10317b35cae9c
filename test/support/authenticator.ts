import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/** A passkey as its authenticator keeps it. */
export type KeptPasskey = { id: string; key: KeyObject; userHandle: string; counter: number }

/** What an authenticator or a browser may do otherwise than it should. */
export type Deviation = {
  origin?: string
  rpId?: string
  challenge?: string
  type?: string
  crossOrigin?: boolean
  /** Without fingerprint, face or PIN. */
  verified?: boolean
  present?: boolean
  counter?: number
  userHandle?: string | null
  id?: string
  /** Signs with another key. */
  key?: KeyObject
  /** Copied between devices. */
  synced?: boolean
  /** Says who made the authenticator, although nobody asked. */
  attested?: { format: string; statement: Map<string, Uint8Array<ArrayBuffer>[]> }
  transports?: string[]
}

type CreationOptions = { challenge: string; user: { id: string }; rp: { id: string } }
type RequestOptions = { challenge: string; rpId: string }

const hash = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

/** A new passkey for what a page asks (PublicKeyCredentialCreationOptions), and what the browser posts of it. */
export function makePasskey(
  options: string,
  origin: string,
  { synced = true, counter = 0, ...deviation }: Deviation = {},
): { passkey: KeptPasskey; response: string } {
  const { challenge, user, rp } = JSON.parse(options) as CreationOptions
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const id = deviation.id === undefined ? randomBytes(16) : Buffer.from(deviation.id, 'base64url')
  const cose = isoCBOR.encode(
    new Map<number, number | Uint8Array<ArrayBuffer>>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
      [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
    ]),
  )
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  const credential = Buffer.concat([Buffer.alloc(16), length, id, cose])
  const authData = Buffer.concat([
    authenticatorData({ rpId: rp.id, synced, counter, ...deviation }, 0x40),
    credential,
  ])
  const { format, statement } = deviation.attested ?? { format: 'none', statement: new Map<string, never>() }
  const attestationObject = isoCBOR.encode(
    new Map<string, string | Uint8Array<ArrayBuffer> | typeof statement>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', Uint8Array.from(authData)],
    ]),
  )
  const text = id.toString('base64url')
  return {
    passkey: { id: text, key: privateKey, userHandle: user.id, counter },
    response: JSON.stringify({
      id: text,
      rawId: text,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientData({ challenge, origin, type: 'webauthn.create', ...deviation }),
        attestationObject: Buffer.from(attestationObject).toString('base64url'),
        transports: deviation.transports ?? ['internal'],
      },
    }),
  }
}

/** What the browser posts when its user picks this passkey for what a page asks (PublicKeyCredentialRequestOptions). */
export function usePasskey(
  options: string,
  origin: string,
  passkey: KeptPasskey,
  { synced = true, counter = passkey.counter, ...deviation }: Deviation = {},
): string {
  const { challenge, rpId } = JSON.parse(options) as RequestOptions
  const authData = authenticatorData({ rpId, synced, counter, ...deviation })
  const client = clientData({ challenge, origin, type: 'webauthn.get', ...deviation })
  const signed = Buffer.concat([authData, hash(Buffer.from(client, 'base64url'))])
  const userHandle = deviation.userHandle === undefined ? passkey.userHandle : deviation.userHandle
  const id = deviation.id ?? passkey.id
  return JSON.stringify({
    id,
    rawId: id,
    type: 'public-key',
    clientExtensionResults: {},
    response: {
      clientDataJSON: client,
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, deviation.key ?? passkey.key).toString('base64url'),
      ...(userHandle === null ? {} : { userHandle }),
    },
  })
}

/** A key that belongs to nobody. */
export function foreignKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

function authenticatorData(
  { rpId = '', synced, counter = 0, verified = true, present = true }: Deviation,
  more = 0,
): Buffer {
  const flags = (present ? 0x01 : 0) | (verified ? 0x04 : 0) | (synced ? 0x18 : 0) | more
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  return Buffer.concat([hash(rpId), Buffer.from([flags]), count])
}

function clientData({ type, challenge, origin, crossOrigin = false }: Deviation): string {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin })).toString('base64url')
}
