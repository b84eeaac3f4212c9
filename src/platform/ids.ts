import { validate, v7 } from 'uuid';
import type { GatewayId } from '../canonical/ids';

/** A new id: UUID version 7, so that rows made together lie together. */
export const newId = (): GatewayId => v7() as GatewayId;

/** Whether a text can be one of our ids at all. */
export const isId = (text: string): text is GatewayId => validate(text);
