import type { OutsideEvent } from '../outside-event.ts'

/** An event in the envelope of CloudEvents 1.0, JSON format, structured mode. `id` and `source` together name it for ever. */
export type CloudEvent = {
  specversion: '1.0'
  id: string
  source: string
  type: string
  subject?: string
  time: string
  datacontenttype: 'application/json'
  data: object
}

export const CLOUD_EVENT_TYPE = 'application/cloudevents+json; charset=utf-8'

/** @param source the issuer, as tokens carry it. */
export function cloudEventOf(source: string, { id, type, at, subject, data }: OutsideEvent): CloudEvent {
  return {
    ...{ specversion: '1.0', id, source, type },
    ...(subject === null ? {} : { subject }),
    ...{ time: at, datacontenttype: 'application/json', data },
  }
}
