import { ApiProperty } from '@nestjs/swagger';
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

/** What the API's document says of a field. */
export const schema = (options: Parameters<typeof ApiProperty>[0]): PropertyDecorator => ApiProperty(options);
