import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { registerDecorator } from 'class-validator';

/** Names the rule for errors, and says in words what was expected. */
export function rule(name: string, expected: string, holds: (value: unknown) => boolean): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(propertyName),
      validator: { validate: holds, defaultMessage: () => `$property ${expected}` },
    });
  };
}

/** Text that `read` understands, as `read` writes it. */
export const readAs = (
  name: string,
  expected: string,
  read: (text: string) => string | null,
): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (read(value) ?? value) : value,
    ),
    rule(name, expected, (value) => typeof value === 'string' && read(value) !== null),
  );

/** What the API's document says of a field. */
export const schema = (options: Parameters<typeof ApiProperty>[0]): PropertyDecorator => ApiProperty(options);
