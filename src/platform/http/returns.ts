import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

/** Documents what an operation answers where its method renders it itself. */
export const Returns = (type: Type, status = 200): MethodDecorator =>
  applyDecorators(
    HttpCode(status),
    ApiResponse({ status, type, description: status === 201 ? 'Made' : 'As asked' }),
  );

/** The operation answers with no body. */
export const ReturnsNothing = (): MethodDecorator =>
  applyDecorators(HttpCode(204), ApiResponse({ status: 204, description: 'Done' }));
