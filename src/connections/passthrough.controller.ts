import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires, TheCaller } from '../platform/http/caller';
import { NeverAgain } from '../platform/http/asked';
import { PathId } from '../platform/http/path-id';
import { Returns } from '../platform/http/returns';
import type { Caller } from '../platform/scopes';
import { isRead } from '../vendors/kit/policy';
import { PassthroughAnswerDto, PassthroughDto } from './passthrough.dto';
import { PassthroughService } from './passthrough.service';

/** Whatever is no read; what is no request at all is refused before it is sent. */
const isWrite = (body: unknown): boolean =>
  !isRead({ method: String((body as { method?: unknown } | null)?.method) });

@ApiTags('Vendors and connections')
@Requires('passthrough')
@Controller('v1/connections/:connectionId/passthrough')
export class PassthroughController {
  constructor(private readonly passthrough: PassthroughService) {}

  /**
   * Calls any endpoint of the vendor with the connection's credentials.
   * @remarks What the vendor answers, refusals included, is this answer's `status`, `headers` and `body`. Redirects are not followed. Only where no whole answer came is it a problem; anything but a GET or HEAD may have been applied then, and says so with `outcome`: the same `Idempotency-Key` then gives that answer again and sends nothing. The mirror learns of what was changed with the next sync. Every call leaves an audit event.
   */
  @Post()
  @Returns(PassthroughAnswerDto)
  @NeverAgain(isWrite)
  passThrough(
    @TheCaller() caller: Caller,
    @Param('connectionId', PathId) connectionId: string,
    @Body() body: PassthroughDto,
  ): Promise<PassthroughAnswerDto> {
    return this.passthrough.call(caller, connectionId, body);
  }
}
