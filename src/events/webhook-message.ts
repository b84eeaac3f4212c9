import { Webhook } from 'standardwebhooks';

/** What is sent: the same id and body at each try. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

/** The headers of one try, as Standard Webhooks say: signed with each secret, so that a receiver may know either. */
export function signedHeaders(
  { id, body }: Message,
  secrets: readonly string[],
  at: Date,
): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
