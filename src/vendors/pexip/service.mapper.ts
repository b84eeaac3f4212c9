import { ref } from '../../canonical/ids';
import { idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { localized } from './location.mapper';
import type { PexipSettings } from './pexip.config';
import type { ServiceWire } from './wire';

/** Subjects. https://developer.pexipengage.com */
export const serviceMapper: Mapper<'services', ServiceWire, PexipSettings> = {
  toCanonical({ subject, durationMinutes }) {
    const deletedAt = instant(subject.deletedAt, 'deletedAt');
    const isEnabled = subject.enabledForInternalUse === true || subject.enabledForCustomerUse === true;
    return {
      ref: ref(idText(subject.id, 'id')),
      mark: text(subject.externalId),
      createdAt: instant(subject.createdAt, 'createdAt'),
      updatedAt: instant(subject.updatedAt, 'updatedAt'),
      deletedAt,
      record: {
        name: localized(subject.name),
        description: localized(subject.description),
        durationMinutes,
        color: null, // the group's, where it has one
        active: deletedAt === null && isEnabled,
        practitionerIds: [], // nothing says who offers a subject
      },
      warnings: [],
    };
  },
};
