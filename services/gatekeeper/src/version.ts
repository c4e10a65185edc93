/** Version of this Orgo, as records name it among their tools. A test holds it equal to the package's. */
export const orgoVersion = '0.1.0';
