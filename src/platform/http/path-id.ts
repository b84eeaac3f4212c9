import { Injectable, type PipeTransform } from '@nestjs/common';
import { isId } from '../ids';
import { notFound } from './problems';

/** An id in a path, whatever its case: what is no id names nothing that exists. */
@Injectable()
export class PathId implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!isId(value)) throw notFound();
    return value.toLowerCase();
  }
}
